"""Which boards there are, and which periods a board had."""

from typing import TypedDict

from django.db import connection
from django.db.models import BigIntegerField, F, Func

from audit.verification import consistent_read
from scores.board import lookup
from scores.board.documents import Document, write_document
from scores.board.leaderboard import BoardBody, PeriodBody, shape_board, shape_period
from scores.board.lookup import CURRENT, PERIOD_NAME, PeriodView
from scores.board.ranks import count_players
from scores.counting import spans
from scores.errors import InvalidQuery
from scores.models import Board, Period


class ListedBoard(BoardBody):
    """A board in the list of all. `current` is None between seasons; `players` stand in it. A filling board cannot be read yet."""

    filling: bool
    current: PeriodBody | None
    players: int


class BoardsBody(TypedDict):
    """The list of boards."""

    boards: list[ListedBoard]


class PeriodsBody(TypedDict):
    """A page of periods; `next` is the name to ask on with."""

    periods: list[PeriodBody]
    next: str | None


def list_boards() -> Document:
    """List the enabled boards by slug, each with its current period; the same few statements for any number of them."""
    with consistent_read():
        found = lookup.read_boards()
        now_us = max((now_us for _, now_us in found), default=0)
        periods = lookup.find_periods([(board, CURRENT) for board, _ in found], now_us)
        players = _count_players([period.id for period in periods.values() if period.id is not None])
    boards = [_shape_listed(board, periods.get((board.slug, CURRENT)), players) for board, _ in found]
    return write_document(BoardsBody(boards=boards))


def list_periods(slug: str, before: str | None, limit: int) -> Document:
    """List the periods of a board that have begun, newest first, those before one of them if its name is given.

    Only what somebody was counted in, or was made ready for that, is listed. Raises UnknownBoard, BoardFilling, and InvalidQuery when
    the board has no period of that name.
    """
    with consistent_read():
        board, now_us = lookup.read_board(slug)
        begun = Period.objects.filter(board=board.pk, starts_us__lte=now_us)
        if before is not None:
            begun = begun.filter(starts_us__lt=_find_start(board, before))
        found = list(begun.order_by("-starts_us")[: limit + 1])
        for period in found:
            period.board = board
        periods = [shape_period(view) for view in lookup.view_periods(found[:limit], now_us)]
    content: PeriodsBody = {"periods": periods, "next": periods[-1]["name"] if len(found) > limit else None}
    return write_document(content)


def _find_start(board: Board, name: str) -> int:
    period = Period.objects.filter(board=board.pk, name=name).first() if PERIOD_NAME.fullmatch(name) else None
    is_of_calendar = period is None and board.span != Board.Span.SEASON
    found = spans.period_named(board.span, board.zone, name) if is_of_calendar else period
    if found is None:
        raise InvalidQuery(errors=[{"field": "before", "detail": "The board has no period of this name."}])
    return found.starts_us


def _count_players(periods: list[int]) -> dict[int, int]:
    if connection.vendor != "postgresql":
        return {period: count_players(period) for period in periods}
    count = Func(F("pk"), function="scores_rank_players", output_field=BigIntegerField())
    return dict(Period.objects.filter(pk__in=periods).order_by().values_list("pk", count))


def _shape_listed(board: Board, period: PeriodView | None, players: dict[int, int]) -> ListedBoard:
    return {
        **shape_board(board),
        "filling": board.filling,
        "current": None if period is None else shape_period(period),
        "players": 0 if period is None or period.id is None else players.get(period.id, 0),
    }
