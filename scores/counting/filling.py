"""Standings derived from the log: of a board with a past, of one that was switched on again, of what a rebuild puts right.

Players are derived in chunks under their row locks while updates go on. Who was derived is moved along by every later entry, and
who was not yet will be derived with it: so it ends as if the board had always been there.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit import clock
from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.board_models import MAIN_BOARD, Board, Period, Standing, covering
from scores.counting import periods, plans, sums
from scores.counting.movement import StandingRow, delete_standings, mark_amended, write_standings
from scores.counting.rules import GAINS, NO_REVERSALS, REVERSALS, Definition, Recount, Reversals, StandingValue
from scores.models import Score

#: Players of one chunk, whose awards wait for it: as many as have about so many entries.
CHUNK_ENTRIES = 5000
CHUNK_PLAYERS = 1000
#: After each chunk the machine is the updates' for this part of the time that it took.
PAUSE = 0.25
#: As many are made while nobody else writes standings.
PERIODS_AT_ONCE = 20
COLUMNS = ("player", "seq", "kind", "delta", "balance", "value", "action", "ref", "at_us")

Progress = Callable[[int], object]


class CountedRow(NamedTuple):
    """What of a row of the log bears on boards."""

    player: UUID
    seq: int
    kind: str
    delta: int
    balance: int
    value: int | None
    action: str
    ref: str | None
    at_us: int


class Calendar:
    """The periods that there are, by board and time."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._load()

    def refresh(self) -> None:
        """Read them anew where boards or periods changed since. Whoever then reads entries has the period of each."""
        version = plans.read_version()
        if version != self._version:
            self._version = version
            self._load()

    def _load(self) -> None:
        self._periods: dict[int, list[Period]] = {}
        self._last: dict[int, Period] = {}
        for period in Period.objects.order_by("board", "starts_us"):
            self._periods.setdefault(period.board_id, []).append(period)

    def periods_of(self, definition: Definition) -> Sequence[Period]:
        """The periods of a board, in the order of time."""
        return self._periods.get(definition.board, [])

    def locate(self, definition: Definition, at_us: int) -> int | None:
        """Find the period of a board at this time; None where there is none."""
        last = self._last.get(definition.board)
        if last is not None and last.covers(at_us):  # as of most entries, which come in the order of time
            return last.pk
        stored = self._periods.get(definition.board, [])
        place = bisect_right(stored, at_us, key=lambda period: period.starts_us)
        if not place or not stored[place - 1].covers(at_us):
            return None
        self._last[definition.board] = stored[place - 1]
        return stored[place - 1].pk


def fill(slug: str, progress: Progress = lambda _: None) -> None:
    """Read all that a board counts from the log, and then show it; `progress` is told of entries read.

    May be stopped at any time and begun again; does nothing where the board is full, or switched off.
    """
    board = Board.objects.get(slug=slug)
    while board.filling and board.enabled:
        _fill_once(board, progress)
        board.refresh_from_db()


def _fill_once(board: Board, progress: Progress) -> None:
    _make_past_periods(board)
    definition, calendar, last = Definition.of(board), Calendar(), UUID(int=0)
    while chunk := _next_chunk(last):
        began = time.monotonic()
        with transaction.atomic():
            derive_players(chunk, [definition], calendar, progress)
        last = chunk[-1]
        time.sleep(PAUSE * (time.monotonic() - began))
    with transaction.atomic():
        plans.lock_boards()
        # Where it was switched off meanwhile, nothing of what came then has been moved along.
        if Board.objects.filter(pk=board.pk, change=board.change).update(filling=False):
            plans.raise_version()


@transaction.atomic
def derive_players(
    players: Sequence[UUID],
    definitions: Sequence[Definition],
    calendar: Calendar,
    progress: Progress = lambda _: None,
    *,
    with_main: bool = False,
) -> int:
    """Set these players' standings on these boards to what the log says, under their locks; how many standings changed."""
    locked = Score.objects.select_for_update(no_key=True).filter(pk__in=players).order_by("pk")
    frozen = dict(locked.values_list("pk", "frozen"))
    plans.share_boards()
    calendar.refresh()
    boards = [*(definition.board for definition in definitions), *([MAIN_BOARD] if with_main else [])]
    stored = Standing.objects.filter(player__in=players, period__board__in=boards)
    before = {(row.player_id, row.period_id): StandingRow.of(row) for row in stored.iterator(CHUNK_ENTRIES)}
    summed = not with_main and len(definitions) == 1 and sums.are_possible(definitions[0])
    counted = (
        _add_up(list(frozen), definitions[0], calendar, progress)
        if summed
        else _recount(list(frozen), definitions, calendar, progress, with_main=with_main)
    )
    after = {
        (player, period): StandingRow(player, period, value, frozen[player])
        for player, values in counted
        for period, value in values.items()
    }
    gone = before.keys() - after.keys()
    delete_standings(gone)
    moved = [row for key, row in after.items() if before.get(key) != row]
    write_standings(moved)
    mark_amended({period for _, period in gone} | {row.period for row in moved}, clock.read_us())
    return len(gone) + len(moved)


def _add_up(
    players: Sequence[UUID], definition: Definition, calendar: Calendar, progress: Progress
) -> Iterator[tuple[UUID, dict[int, StandingValue]]]:
    """The same as `_recount` of one board by which differences count: by the database, but for whom something was reversed."""
    reversals = AuditEntry.objects.filter(player__in=players, kind__in=REVERSALS)
    reversed_players = set(reversals.values_list("player", flat=True))
    plain = [player for player in players if player not in reversed_players]
    for found in sums.add_up(plain, definition, calendar.periods_of(definition)):
        yield found.player, found.values
        progress(found.entries)
    if reversed_players:
        yield from _recount(sorted(reversed_players), [definition], calendar, progress, with_main=False)


def _recount(
    players: Sequence[UUID],
    definitions: Sequence[Definition],
    calendar: Calendar,
    progress: Progress,
    *,
    with_main: bool,
) -> Iterator[tuple[UUID, dict[int, StandingValue]]]:
    entries = AuditEntry.objects.filter(player__in=players).order_by("player", "seq")
    if not with_main:  # where each entry stands for something
        entries = entries.filter(kind__in=GAINS | REVERSALS)
    by_player = attrgetter("player")
    reversals = {
        player: Reversals(chain) for player, chain in groupby(_read(entries.filter(kind__in=REVERSALS)), by_player)
    }
    for player, chain in groupby(_read(entries), by_player):
        own = reversals.get(player, NO_REVERSALS)
        recount, read = Recount(definitions, calendar.locate, own, with_main=with_main), 0
        for entry in chain:
            recount.apply(entry)
            read += 1
        yield player, recount.standings()
        progress(read)


def _read(entries: QuerySet[AuditEntry]) -> Iterator[CountedRow]:
    return map(CountedRow._make, entries.values_list(*COLUMNS).iterator(CHUNK_ENTRIES))


def _next_chunk(last: UUID) -> list[UUID]:
    chunk: list[UUID] = []
    entries = 0
    played = Score.objects.filter(pk__gt=last, seq__gt=0)
    for player, seq in played.order_by("pk").values_list("pk", "seq")[:CHUNK_PLAYERS]:
        if chunk and entries + seq > CHUNK_ENTRIES:
            break
        chunk.append(player)
        entries += seq
    return chunk


def _make_past_periods(board: Board) -> None:
    """Make the periods in which there are entries, each batch in a transaction of its own, which holds up writers for a moment."""
    if board.span in {Board.Span.SEASON, Board.Span.ALL}:
        return
    at_us = _next_entry(board.since_us)
    while at_us is not None:
        with transaction.atomic():
            plans.lock_boards()
            for _ in range(PERIODS_AT_ONCE):
                periods.ensure_period(board, at_us)
                ends_us = Period.objects.values_list("ends_us", flat=True).get(covering(at_us), board=board)
                at_us = None if ends_us is None else _next_entry(ends_us)
                if at_us is None:
                    break
            plans.raise_version()


def _next_entry(at_us: int) -> int | None:
    later = AuditEntry.objects.filter(at_us__gte=at_us).exclude(player=SYSTEM_CHAIN)
    return later.order_by("at_us").values_list("at_us", flat=True).first()
