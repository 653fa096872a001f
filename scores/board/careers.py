"""What a player's page says: every rank now, the best one so far, and how the points came, as far as anybody may know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import BigIntegerField, Case, Count, ExpressionWrapper, F, Min, Q, Sum, Value, When

from audit.clock import read_us
from audit.models import AuditEntry
from audit.times import DAY_US, SECOND_US, to_moment
from audit.verification import consistent_read
from scores.board import lookup
from scores.board.ranks import rank_of_standing
from scores.board_models import MAIN_BOARD, covering
from scores.drawing import Point
from scores.errors import UnknownPlayer
from scores.models import Board, Score, Standing

#: Among how many ended periods the best rank is looked for, the newest; there are at most 50 current ones.
ENDED, CURRENT_AT_MOST = 100, 50
#: The last day is added up by quarters of an hour over the newest entries, so many at most; 90 days are a sample of the chain.
STRETCH_US, MAXIMUM_ENTRIES, MAXIMUM_SAMPLES = 900 * SECOND_US, 10_000, 400
QUARTER_DAYS = 90


class Placed(NamedTuple):
    """Where a player stands, or stood when the period ended; `score` as everybody sees it."""

    board: Board
    period: str
    rank: int
    score: int
    reached_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class Career:
    """A player; where the main board has no such row, as of who is frozen, all but the name is empty."""

    player: UUID
    name: str
    now: datetime
    standings: list[Placed]
    best: Placed | None
    day: list[Point]
    quarter: list[Point]

    @property
    def main(self) -> Placed | None:
        """The player's row of the main board."""
        return next((placed for placed in self.standings if placed.board.pk == MAIN_BOARD), None)


def read_career(player: UUID) -> Career:
    """Read what everybody may know of a player, all of one moment, in a fixed number of statements. Raises UnknownPlayer."""
    with consistent_read():
        score = Score.objects.filter(pk=player).only("name", "points", "seq", "frozen").first()
        if score is None:
            raise UnknownPlayer
        found = [] if score.frozen else [(board, now_us) for board, now_us in lookup.read_boards() if not board.filling]
        now_us = max((now_us for _, now_us in found), default=0) or read_us()
        placed = _read_places(player, {board.pk: board for board, _ in found}, now_us) if found else []
        standings = [place for place in placed if place.is_current]
        if not any(place.board.pk == MAIN_BOARD for place in standings):
            return Career(player, score.name, to_moment(now_us), [], None, [], [])
        day, quarter = list(_read_day(score, now_us)), list(_read_quarter(score, now_us))
    # The newest of equals.
    candidates = [place for place in placed if place.board.pk == MAIN_BOARD or not place.is_current]
    best = min(candidates, key=lambda place: place.rank)
    return Career(player, score.name, to_moment(now_us), standings, best, day, quarter)


def _read_places(player: UUID, boards: dict[int, Board], now_us: int) -> list[Placed]:
    """Those of all current periods, the main board's first, then those of ended ones, the newest first: one statement."""
    current = covering(now_us, "period__")
    wanted = Standing.objects.filter(
        current | Q(period__ends_us__lte=now_us), player=player, period__board__in=boards.keys(), hidden=False
    ).annotate(is_ended=Case(When(current, then=Value(0)), default=Value(1)))
    order = ("is_ended", "-period__starts_us", "period__board")
    columns = ("period__board", "period__name", rank_of_standing(), "points", "reached_at", "is_ended")
    rows = wanted.order_by(*order).values_list(*columns)[: CURRENT_AT_MOST + ENDED]
    places = [
        Placed(boards[board], period, rank, points * boards[board].sign, reached_at, not is_ended)
        for board, period, rank, points, reached_at, is_ended in rows
    ]
    return sorted(
        places, key=lambda place: (not place.is_current, place.is_current and lookup.order_shown(place.board))
    )


def _read_day(score: Score, now_us: int) -> Iterator[Point]:
    """The last day, reckoned back from the present by what each quarter of an hour brought."""
    stretch = ExpressionWrapper(F("at_us") / STRETCH_US, output_field=BigIntegerField())
    lately = AuditEntry.objects.filter(player=score.pk, seq__gt=score.seq - MAXIMUM_ENTRIES, at_us__gt=now_us - DAY_US)
    gained = lately.order_by().values_list(stretch).annotate(Sum("delta"), Count("pk"), Min("at_us"))
    rows = sorted(gained, key=lambda row: row[0])
    points = score.points - sum(delta for _, delta, _, _ in rows)
    # Of who is busier than that, nothing is known of the time before.
    is_cut = sum(count for _, _, count, _ in rows) == MAXIMUM_ENTRIES and score.seq > MAXIMUM_ENTRIES
    yield Point(to_moment(rows[0][3] if is_cut else now_us - DAY_US), points)
    for number, delta, _, _ in rows:
        points += delta
        yield Point(to_moment(min(max((number + 1) * STRETCH_US, now_us - DAY_US), now_us)), points)


def _read_quarter(score: Score, now_us: int) -> Iterator[Point]:
    """The last 90 days by balances: every one of a short chain, an even sample of a long one."""
    count = min(score.seq, MAXIMUM_SAMPLES)
    wanted = {1 + number * (score.seq - 1) // max(count - 1, 1) for number in range(count)}
    sample = AuditEntry.objects.filter(player=score.pk, seq__in=wanted).order_by("seq").values_list("at_us", "balance")
    since = now_us - QUARTER_DAYS * DAY_US
    before = [balance for at_us, balance in sample if at_us <= since]
    if before:
        yield Point(to_moment(since), before[-1])
    for at_us, balance in sample:
        if at_us > since:
            yield Point(to_moment(at_us), balance)
