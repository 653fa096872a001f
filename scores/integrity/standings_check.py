"""Where players stand against their chains: one player's standings in memory at a time, in the order of the log.

On boards that are off, still filled, or not as the application wrote them, no chain says where anybody stands. There it is
checked that the frozen are hidden and nobody else, and that player and period exist.
"""

from collections.abc import Collection, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from audit.chain import SYSTEM_CHAIN, Entry
from audit.models import AuditEntry
from audit.queries import CHUNK
from audit.times import to_moment, to_us
from audit.verification import Finding
from scores.board_models import MAIN, MAIN_BOARD, MAIN_PERIOD
from scores.counting import filling
from scores.counting.filling import Calendar, CountedRow
from scores.counting.movement import StandingRow
from scores.counting.rules import REVERSALS, Definition, Recount, Reversals, StandingValue
from scores.integrity.catalogue_check import find_fault_of_seal
from scores.models import Board, Period, Standing


class OfPlayer(Protocol):
    @property
    def player(self) -> UUID: ...


Row = TypeVar("Row", bound=OfPlayer)


class ByPlayer(Generic[Row]):
    """Rows that come in the order of players, taken player by player."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def take(self, player: UUID) -> Iterator[Row]:
        """Take those of a player; nobody wants what is before them any more."""
        for _ in self.take_before(player):
            pass
        while (row := self._next) is not None and row.player == player:
            yield row
            self._next = next(self._rows, None)

    def take_before(self, player: UUID | None) -> Iterator[Row]:
        """Take those of all players before this one; for None all that are left."""
        while (row := self._next) is not None and (player is None or row.player.bytes < player.bytes):
            yield row
            self._next = next(self._rows, None)


class Place(NamedTuple):
    """A period, as findings call it, and whether chains say who stands in it."""

    board: str
    name: str
    is_derived: bool

    def __str__(self) -> str:
        return f"board {self.board!r}, period {self.name!r}"


class StandingsCheck:
    """Is told of each entry by (player, seq), asked about each player in the same order, and finds what stands otherwise."""

    def __init__(self, *, player: UUID | None = None, boards: Collection[str] | None = None) -> None:
        """`player` and `boards` limit what is checked; None is all. To be made in the snapshot that entries are read from."""
        derived = [board for board in list_derived_boards() if boards is None or board.slug in boards]
        self._has_main = boards is None or MAIN in boards
        self._definitions = list(map(Definition.of, derived))
        self._places = _read_places({board.pk for board in derived})
        self._calendar = Calendar()
        self._reversals = ByPlayer(_read_reversals(player))
        self._stored = ByPlayer(_read_standings(player, boards))
        self._owner: UUID | None = None
        self._recount: Recount | None = None
        self._seq = 0
        self._unplaced: dict[str, int] = {}

    def apply(self, entry: Entry) -> None:
        """Take in the next entry of a chain, whether or not it holds."""
        if entry.player == SYSTEM_CHAIN:
            return
        if self._recount is None or self._owner != entry.player:
            reversals = Reversals(self._reversals.take(entry.player))
            self._owner, self._unplaced = entry.player, {}
            self._recount = Recount(self._definitions, self._locate, reversals)
        self._seq = entry.seq
        self._recount.apply(entry)

    def check(self, player: UUID, *, frozen: bool) -> Iterator[Finding]:
        """Compare where a player stands, whose entries are all taken in; `frozen` is what they say in the end."""
        expected: dict[int, StandingValue] = {}
        if self._recount is not None and self._owner == player:
            expected = self._recount.standings()
            if not self._has_main:
                expected.pop(MAIN_PERIOD, None)
            for slug, seq in self._unplaced.items():
                yield Finding("period", f"board {slug!r} has none at the time of the entry", str(player), seq)
        stored = {row.period: row for row in self._stored.take(player)}
        for period in sorted(expected.keys() | stored.keys()):
            yield from self._compare(player, period, expected.get(period), stored.get(period), frozen)

    def find_strangers(self, before: UUID | None) -> Iterator[Finding]:
        """Find standings of nobody, up to the next player there is; None where there is none any more."""
        for row in self._stored.take_before(before):
            yield Finding(
                "standing", f"{self._title(row.period)}: there is no such player", str(row.player), row.value.seq
            )

    def _locate(self, definition: Definition, at_us: int) -> int | None:
        period = self._calendar.locate(definition, at_us)
        if period is None and definition.span != Board.Span.SEASON:
            self._unplaced.setdefault(definition.slug, self._seq)
        return period

    def _compare(
        self, player: UUID, period: int, expected: StandingValue | None, stored: StandingRow | None, frozen: bool
    ) -> Iterator[Finding]:
        made = expected or (stored and stored.value)
        seq = made.seq if made else None
        for rule, text in self._find_faults(period, expected, stored, frozen):
            yield Finding(rule, f"{self._title(period)}: {text}", str(player), seq)

    def _find_faults(
        self, period: int, expected: StandingValue | None, stored: StandingRow | None, frozen: bool
    ) -> Iterator[tuple[str, str]]:
        place = self._places.get(period)
        if place is None:
            yield "standing.period", "there is none"
        elif stored is None:
            assert expected is not None  # noqa: S101 - one of both there is
            yield "standing", f"the log says {expected.points} points, and there is no standing"
        elif expected is None and place.is_derived:
            yield "standing", "no entry explains it"
        else:
            pairs = [("hidden", stored.hidden, frozen)]
            if expected is not None:
                says = [(value.points, to_moment(value.reached_us), value.seq) for value in (stored.value, expected)]
                pairs += zip(("points", "reached_at", "seq"), *says, strict=True)
            for column, value, derived in pairs:
                if value != derived:
                    yield f"standing.{column}", f"the standing says {value!s}, the log says {derived!s}"

    def _title(self, period: int) -> str:
        return str(self._places.get(period, f"period {period}"))


def list_derived_boards() -> list[Board]:
    """List the boards of which chains say who stands where, but for the main one, of which they always do."""
    boards = Board.objects.filter(enabled=True, filling=False).exclude(pk=MAIN_BOARD).order_by("pk")
    return [board for board in boards if not find_fault_of_seal("", board)]


def _read_places(derived: Collection[int]) -> dict[int, Place]:
    periods = Period.objects.values_list("pk", "board", "board__slug", "name")
    places = {pk: Place(slug, name, board in derived) for pk, board, slug, name in periods.iterator(CHUNK)}
    return {**places, MAIN_PERIOD: Place(MAIN, "all", is_derived=True)}


def _read_reversals(player: UUID | None) -> Iterator[CountedRow]:
    entries = AuditEntry.objects.filter(kind__in=REVERSALS).order_by("player", "seq")
    if player is not None:
        entries = entries.filter(player=player)
    return map(CountedRow._make, entries.values_list(*filling.COLUMNS).iterator(CHUNK))


def _read_standings(player: UUID | None, boards: Collection[str] | None) -> Iterator[StandingRow]:
    standings = Standing.objects.order_by("player_id", "period_id")
    if player is not None:
        standings = standings.filter(player=player)
    if boards is not None:
        standings = standings.filter(period__board__slug__in=boards)
    columns = ("player_id", "period_id", "points", "reached_at", "seq", "hidden")
    for owner, period, points, reached_at, seq, hidden in standings.values_list(*columns).iterator(CHUNK):
        yield StandingRow(owner, period, StandingValue(points, to_us(reached_at), seq), hidden)
