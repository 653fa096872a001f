"""What a board would count, before there is one: which patterns are of which actions, and its first by the newest entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from audit import clock
from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from audit.times import to_moment
from scores.admin.times import write_local
from scores.counting import spans
from scores.counting.filling import COLUMNS, CountedRow
from scores.counting.rules import EVERYTHING, GAINS, REVERSALS, Definition, Recount, Reversals, StandingValue, matches
from scores.models import Action, Board, Score

#: Read at once, in a request: so many of the newest entries.
ENTRIES = 2000
ROWS = 10
PERIOD = 1


class PatternMatch(NamedTuple):
    """A pattern, and the slugs of the catalogue that it is of."""

    pattern: str
    actions: list[str]


class PreviewRow(NamedTuple):
    """A place as it would be, by the newest entries alone."""

    rank: int
    score: Score
    points: int


@dataclass(frozen=True, slots=True)
class BoardPreview:
    """`read` awards, corrections and so on were looked at, back to `since`; `counted` of them would count."""

    patterns: list[PatternMatch]
    counts_everything: bool
    period: tuple[str, str, str] | None
    read: int
    counted: int
    since: datetime | None
    rows: list[PreviewRow]


def preview(board: Board) -> BoardPreview:
    """Say what a board that is not there yet would count; as if one period held all the entries that are looked at."""
    definition = Definition.of(board)
    actions = list(Action.objects.filter(enabled=True).order_by("slug").values_list("slug", flat=True))
    entries = _read_newest()
    return BoardPreview(
        patterns=[
            PatternMatch(pattern, [action for action in actions if matches(pattern, action)])
            for pattern in definition.patterns
        ],
        counts_everything=EVERYTHING in definition.patterns,
        period=_find_period(board),
        read=len(entries),
        counted=sum(map(definition.counts, entries)),
        since=to_moment(entries[0].at_us) if entries else None,
        rows=_rank(definition, entries),
    )


def _read_newest() -> list[CountedRow]:
    """The newest entries that bear on boards, in the order in which they came."""
    newest = AuditEntry.objects.exclude(player=SYSTEM_CHAIN).filter(kind__in=GAINS | REVERSALS).order_by("-pk")
    return [CountedRow._make(row) for row in newest.values_list(*COLUMNS)[:ENTRIES]][::-1]


def _find_period(board: Board) -> tuple[str, str, str] | None:
    if board.span in {Board.Span.SEASON, Board.Span.ALL}:
        return None
    bounds = spans.period_at(board.span, board.zone, clock.read_us())
    assert bounds.ends_us is not None  # noqa: S101 - the calendar's end
    return bounds.name, write_local(bounds.starts_us, board.zone), write_local(bounds.ends_us, board.zone)


def _rank(definition: Definition, entries: Sequence[CountedRow]) -> list[PreviewRow]:
    chains: dict[UUID, list[CountedRow]] = {}
    for entry in entries:
        chains.setdefault(entry.player, []).append(entry)
    values: dict[UUID, StandingValue] = {}
    for player, chain in chains.items():
        recount = Recount([definition], lambda *_: PERIOD, Reversals(chain))
        for entry in chain:
            recount.apply(entry)
        if (value := recount.standings().get(PERIOD)) is not None:
            values[player] = value
    scores = Score.objects.filter(frozen=False).in_bulk(list(values))
    order = sorted(scores, key=lambda player: (-values[player].points, values[player].reached_us, player))
    return [
        PreviewRow(rank, scores[player], definition.sign * values[player].points)
        for rank, player in enumerate(order[:ROWS], start=1)
    ]
