"""Boards, periods and standings as they would be left by what counted, written straight into the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

from audit.times import to_us
from scores.counting import spans
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def make_board(slug: str, **terms: Any) -> Board:
    """A board that counts everything by day, unless the terms say otherwise."""
    return Board.objects.create(
        slug=slug, **{"label": slug.title(), "counts": "*", "rule": "sum", "span": "day", **terms}
    )


def make_period(board: Board, name: str, **bounds: Any) -> Period:
    """A period of the board's calendar, or a season of these bounds."""
    if not bounds:
        found = spans.period_named(board.span, board.zone, name)
        assert found is not None
        bounds = {"starts_us": found.starts_us, "ends_us": found.ends_us}
    return Period.objects.create(board=board, name=name, **bounds)


def make_season(board: Board, name: str, starts_at: datetime, ends_at: datetime | None) -> Period:
    return make_period(board, name, starts_us=to_us(starts_at), ends_us=None if ends_at is None else to_us(ends_at))


def stand(
    player: Score | str, period: Period, score: int, seconds: int = 0, *, seq: int = 1, hidden: bool = False
) -> Standing:
    """A player who has this score in a period since so many seconds after noon."""
    return Standing.objects.create(
        player=make_player(player) if isinstance(player, str) else player,
        period=period,
        points=score * period.board.sign,
        reached_at=NOON + timedelta(seconds=seconds),
        seq=seq,
        hidden=hidden,
    )


def main_period() -> Period:
    """The one period of the main board."""
    return Period.objects.select_related("board").get(pk=0)
