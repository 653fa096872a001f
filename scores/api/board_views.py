"""The routes of boards and of players on them: each checks its query, calls one service, and sends what that wrote."""

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from scores import naming
from scores.api import board_schema as schema
from scores.api.authentication import BearerAuthentication
from scores.api.board_serializers import show_place
from scores.api.views import JSONView
from scores.board import archive, directory, leaderboard, notices, profiles
from scores.board.documents import Document, is_known
from scores.board.leaderboard import PageQuery
from scores.board.lookup import CURRENT
from scores.callers import check_caller
from scores.errors import InvalidQuery, TokenInvalid, UnknownPlayer
from scores.http.context import caller_of
from scores.http.limits import AddressCostlyLimit, AddressReadLimit, AddressUnchangedLimit, address_subject
from scores.http.queries import Query, read_number, read_player, read_query, refuse_parameter

MAXIMUM_ROWS, MAXIMUM_FOUND, ROWS = 100, 20, 10
MAXIMUM_RANK = 2**53 - 1
PLAIN_TEXT = "text/plain; charset=utf-8"


class BoardsView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.boards
    def get(self, request: Request) -> HttpResponse:
        read_query(request._request)
        return answer(request, directory.list_boards())


class BoardView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.board
    def get(self, request: Request, slug: str) -> HttpResponse:
        page = read_page_query(read_query(request._request, "limit", *schema.STARTS))
        return answer(request, leaderboard.read_page(slug, CURRENT, page))


class PeriodView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.period
    def get(self, request: Request, slug: str, period: str) -> HttpResponse:
        page = read_page_query(read_query(request._request, "limit", *schema.STARTS))
        return answer(request, leaderboard.read_page(slug, period, page))


class PeriodsView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.periods
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = read_query(request._request, "before", "limit")
        limit = read_number(query, "limit", maximum=MAXIMUM_ROWS) or ROWS
        return answer(request, directory.list_periods(slug, query.get("before"), limit))


class OwnPlaceView(JSONView):
    authentication_classes = (BearerAuthentication,)
    throttle_classes = (AddressReadLimit,)

    @schema.own_place
    def get(self, request: Request, slug: str, period: str) -> Response:
        read_query(request._request)
        caller = caller_of(request)
        place = profiles.find_own_place(slug, period, caller.player)
        if caller.external_name is not None:
            # Only for a board and a period that there are: what is refused makes no player.
            naming.see_caller(caller)
            place = profiles.find_own_place(slug, period, caller.player)
        if place is None:
            raise TokenInvalid(reason="unknown_player")
        check_caller(place.score, caller)
        return Response(show_place(place))


class ResultsView(JSONView):
    throttle_classes = (AddressCostlyLimit,)

    @schema.results
    def get(self, request: Request, slug: str, period: str) -> HttpResponseBase:
        read_query(request._request)
        results = archive.read_results(slug, period)
        kept = keep(results.etag, results.keep_seconds)
        if is_known(results.etag, request.headers.get("If-None-Match", "")):
            results.file.close()
            return answer_unchanged(kept)
        if request.method == "HEAD":
            results.file.close()
            return HttpResponse(content_type=PLAIN_TEXT, headers={**kept, "Content-Length": str(results.size)})
        return FileResponse(results.file, content_type=PLAIN_TEXT, headers=kept)


class ProofView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.proof
    def get(self, request: Request, slug: str, period: str) -> HttpResponse:
        read_query(request._request)
        return answer(request, archive.read_proof(slug, period))


class PlayersView(JSONView):
    throttle_classes = (AddressCostlyLimit,)

    @schema.players
    def get(self, request: Request) -> HttpResponse:
        query = read_query(request._request, "name", "limit")
        if "name" not in query:
            raise refuse_parameter("name", "Needed.")
        limit = read_number(query, "limit", maximum=MAXIMUM_FOUND) or ROWS
        return answer(request, profiles.find_players(query["name"], limit))


class PlayerView(JSONView):
    throttle_classes = (AddressReadLimit,)

    @schema.player
    def get(self, request: Request, player: str) -> HttpResponse:
        read_query(request._request)
        found = read_player(player)
        if found is None:
            raise UnknownPlayer
        return answer(request, profiles.read_profile(found))


class CorrectionsView(JSONView):
    # As of the top 10: nearly all who ask know the answer.
    throttle_classes = ()

    @schema.corrections
    def get(self, request: Request) -> HttpResponse:
        read_query(request._request)
        document = notices.write_notices()
        known = is_known(document.etag, request.headers.get("If-None-Match", ""))
        limit = AddressUnchangedLimit if known else AddressReadLimit
        limit.charge(request._request, address_subject(request._request))
        return answer(request, document)


def read_page_query(query: Query) -> PageQuery:
    """Read which page is asked for. Raises InvalidQuery."""
    if len(query.keys() & set(schema.STARTS)) > 1:
        raise InvalidQuery("At most one of after, from_rank and around.")
    around = read_player(query["around"]) if "around" in query else None
    if "around" in query and around is None:
        raise refuse_parameter("around", "A player's id, lower-case and with hyphens.")
    return PageQuery(
        limit=read_number(query, "limit", maximum=MAXIMUM_ROWS) or ROWS,
        after=query.get("after"),
        from_rank=read_number(query, "from_rank", maximum=MAXIMUM_RANK),
        around=around,
    )


def answer(request: Request, document: Document) -> HttpResponse:
    """Send a document, or say that the client has it already."""
    kept = keep(document.etag, document.keep_seconds)
    if is_known(document.etag, request.headers.get("If-None-Match", "")):
        return answer_unchanged(kept)
    return HttpResponse(document.body, content_type="application/json", headers=kept)


def answer_unchanged(headers: dict[str, str]) -> HttpResponse:
    """Say that nothing has changed, without a body and its type."""
    unchanged = HttpResponse(status=304, headers=headers)
    del unchanged["Content-Type"]
    return unchanged


def keep(etag: str, seconds: int) -> dict[str, str]:
    """The fields that say what this is and how long it may be kept."""
    return {"ETag": etag, "Cache-Control": f"public, max-age={seconds}"}
