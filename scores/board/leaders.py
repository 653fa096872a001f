"""Every board at a glance: its current period, and who leads it."""

from typing import NamedTuple

from audit.clock import read_us
from audit.verification import consistent_read
from scores.board import lookup
from scores.board.lookup import CURRENT, PeriodView
from scores.board.rows import FirstRows, read_first
from scores.board.standings import BoardRow, shape_row
from scores.board_models import Board


class BoardGlance(NamedTuple):
    """A board now; no period between seasons, no leader where nobody stands yet, neither while it is being filled from the log."""

    board: Board
    period: PeriodView | None
    players: int
    leader: BoardRow | None


class Glances(NamedTuple):
    """All enabled boards, the main one first, then by label; `at_us` in microseconds since 1970."""

    at_us: int
    boards: list[BoardGlance]


def read_glances() -> Glances:
    """Read every enabled board with its leader, all of one moment; on PostgreSQL three statements for any number of them."""
    with consistent_read():
        found = lookup.read_boards()
        now_us = max((now_us for _, now_us in found), default=0) or read_us()
        readable = [(board, CURRENT) for board, _ in found if not board.filling]
        periods = lookup.find_periods(readable, now_us)
        stored = {period.id for period in periods.values() if period.id is not None}
        first = read_first(stored, 1) if stored else {}
    boards = sorted((board for board, _ in found), key=lookup.order_shown)
    return Glances(now_us, [_glance(board, periods.get((board.slug, CURRENT)), first) for board in boards])


def _glance(board: Board, period: PeriodView | None, first: dict[int, FirstRows]) -> BoardGlance:
    if period is None or period.id is None or not first[period.id].rows:
        return BoardGlance(board, period, 0, None)
    players, [leader, *_] = first[period.id]
    row = shape_row(1, leader.player, leader.name, leader.points * board.sign, leader.reached_at)
    return BoardGlance(board, period, players, row)
