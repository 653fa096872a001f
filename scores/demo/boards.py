"""The boards of the demo: made once, with all the past there is, and a season that is on."""

from dataclasses import dataclass

from django.db.models import Q

from audit import clock
from audit.times import DAY_US, SECOND_US
from scores.counting import definitions, filling
from scores.models import Board, Period

CUP = "autumn-cup"
#: Seasons are made ahead, also here: the first one begins with the demo, and has none of what was before.
SEASON_AHEAD_SECONDS = 3
SEASON_US = 14 * DAY_US


@dataclass(frozen=True)
class DemoBoard:
    """A board that the demo shows beside the main one."""

    slug: str
    label: str
    span: str
    counts: str = "*"
    rule: str = "sum"
    ascending: bool = False
    zone: str = "UTC"


BOARDS = (
    DemoBoard("today", "Today", "day", zone="Europe/Berlin"),
    DemoBoard(CUP, "Autumn cup", "season"),
    DemoBoard("fastest-lap", "Fastest lap", "all", counts="lap", rule="best", ascending=True),
)


def make_boards() -> None:
    """Make and fill what is missing; what is there, and was perhaps switched off since, stays. See that a season is on."""
    known = set(Board.objects.values_list("slug", flat=True))
    for board in BOARDS:
        if board.slug not in known:
            definitions.make_board(
                actor="system",
                reason="demo",
                from_log=True,
                slug=board.slug,
                label=board.label,
                counts=board.counts,
                rule=board.rule,
                ascending=board.ascending,
                span=board.span,
                zone=board.zone,
            )
        filling.fill(board.slug)
    if Board.objects.filter(slug=CUP, enabled=True).exists():
        _make_season()


def _make_season() -> None:
    """The next one, unless there is one that has not ended."""
    now_us, seasons = clock.read_us(), Period.objects.filter(board__slug=CUP)
    if seasons.filter(Q(ends_us__isnull=True) | Q(ends_us__gt=now_us)).exists():
        return
    starts_us = (now_us // SECOND_US + SEASON_AHEAD_SECONDS) * SECOND_US
    definitions.make_season(
        board=CUP,
        name=f"season-{seasons.count() + 1}",
        starts_us=starts_us,
        ends_us=starts_us + SEASON_US,
        actor="system",
        reason="demo",
    )
