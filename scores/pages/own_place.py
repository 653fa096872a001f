"""You are here: the rank of whoever is signed in, as the board's page renders it and as it asks for it afterwards; and the own proof."""

from typing import TypedDict

from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.http import FileResponse, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.board import standings
from scores.board.standings import BoardRow
from scores.errors import NotAuthenticated
from scores.http.limits import AddressCostlyLimit, AddressReadLimit, RateLimit, address_subject
from scores.integrity.proof import MEDIA_TYPE, open_proof
from scores.models import Score


class NextRank(TypedDict):
    """Who is next ahead, and the points that are missing to overtake them."""

    name: str
    points: int


class OwnPlace(TypedDict):
    """
    Where a player stands: `rank` is None for one who is not on the board, `next` for one who has nobody ahead.

    `above` and `below` are up to two neighbours each way, in the order of the board.
    """

    player: str
    rank: int | None
    score: int
    next: NextRank | None
    frozen: bool
    above: list[BoardRow]
    below: list[BoardRow]


@require_safe
@never_cache
def you(request: HttpRequest) -> JsonResponse:
    """For the page's own script, by its session cookie; `null` for a signed-in user who is not a player."""
    return JsonResponse({"you": describe_own_place(_charge(request, AddressReadLimit))})


@require_safe
@never_cache
def your_proof(request: HttpRequest) -> FileResponse:
    """The proof of whoever is signed in (docs/contract.md 18.4), to be taken along; raises Http404 for a user who is not a player."""
    score = get_object_or_404(Score, user=_charge(request, AddressCostlyLimit))
    name = f"proof-{score.pk}.ndjson"
    return FileResponse(open_proof(score), as_attachment=True, filename=name, content_type=MEDIA_TYPE)


def _charge(request: HttpRequest, limit: type[RateLimit]) -> User:
    """Count a request by its user: a hall full of players may share one address. Raises NotAuthenticated or RateLimited."""
    if not request.user.is_authenticated:
        AddressReadLimit.charge(request, address_subject(request))
        raise NotAuthenticated
    limit.charge(request, f"user:{request.user.pk}")
    return request.user


def find_visitor(request: HttpRequest) -> User | AnonymousUser:
    """Who is signed in; nobody while the database is away, so that the board is shown to everyone all the same."""
    try:
        return request.user if request.user.is_authenticated else AnonymousUser()
    except OperationalError:
        return AnonymousUser()


def describe_own_place(user: User) -> OwnPlace | None:
    """Describe where a signed-in user stands; None for one who is not a player."""
    player = Score.objects.filter(user=user).values_list("pk", flat=True).first()
    found = standings.find_rank(player) if player else None
    if found is None:
        return None
    score = found.score
    following: NextRank | None = None
    if found.above:
        ahead = found.above[-1]
        # As many points as theirs come too late, so one more.
        following = {"name": ahead["name"], "points": ahead["score"] - score.points + 1}
    return {
        "player": str(score.pk),
        "rank": found.rank,
        "score": score.points,
        "next": following,
        "frozen": score.frozen,
        "above": found.above,
        "below": found.below,
    }
