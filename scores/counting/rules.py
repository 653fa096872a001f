"""Which entry counts on which board, and what a standing becomes by it. Nothing here reads or writes.

docs/contract.md 17.4 is the table that this file is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from audit.references import reversed_seq
from scores.board_models import MAIN_PERIOD, Board

#: What gains points, and what takes that back or gives it again.
GAINS = frozenset({"award", "adjust", "import"})
REVERSALS = frozenset({"void", "restore"})
#: Points from elsewhere: nobody here knows when they were gained, so no period that begins and ends counts them.
IMPORT = "import"
EVERYTHING = "*"
# As plain texts, which are compared for every entry that a board is filled from.
ALL: str = Board.Span.ALL.value
SUM, BEST, LATEST, COUNT = (
    rule.value for rule in (Board.Rule.SUM, Board.Rule.BEST, Board.Rule.LATEST, Board.Rule.COUNT)
)
#: Rules by which a void takes away what an award added.
DIFFERENCES = frozenset({SUM, COUNT})


class CountedEntry(Protocol):
    """What of an entry of the log bears on boards: a row of the log, as a model or as it was read."""

    @property
    def player(self) -> UUID: ...
    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def delta(self) -> int: ...
    @property
    def balance(self) -> int: ...
    @property
    def value(self) -> int | None: ...
    @property
    def action(self) -> str: ...
    @property
    def ref(self) -> str | None: ...
    @property
    def at_us(self) -> int: ...


class StandingValue(NamedTuple):
    """Points in the order of the board (`Standing.points`), and time and number of the entry that made them."""

    points: int
    reached_us: int
    seq: int


@dataclass(frozen=True, slots=True)
class Definition:
    """What a board counts, how, and for how long."""

    board: int
    slug: str
    patterns: tuple[str, ...]
    rule: str
    sign: int
    span: str
    zone: str
    since_us: int

    @classmethod
    def of(cls, board: Board) -> "Definition":
        patterns = tuple(board.counts.split(","))
        return cls(board.pk, board.slug, patterns, board.rule, board.sign, board.span, board.zone, board.since_us)

    def matches(self, action: str) -> bool:
        """Tell whether it counts this action; an adjustment that names none ('') counts where everything does."""
        return any(matches(pattern, action) for pattern in self.patterns)

    def takes(self, kind: str) -> bool:
        """Tell whether what gained points in this way counts at all, whatever for: what was imported only where nothing ends."""
        return kind != IMPORT or self.span == ALL

    def counts(self, gain: CountedEntry) -> bool:
        """Tell whether an award, adjustment or import counts, which is by its kind, its time and its action."""
        return gain.at_us >= self.since_us and self.takes(gain.kind) and self.matches(gain.action)

    def offer(self, entry: CountedEntry) -> StandingValue:
        """Say what an award, adjustment or import brings: what is added, or the value that may stand."""
        if self.rule == SUM:
            points = entry.delta
        elif self.rule == COUNT:
            points = 1
        else:
            points = self.sign * (entry.delta if entry.value is None else entry.value)
        return StandingValue(points, entry.at_us, entry.seq)

    def reverse(self, entry: CountedEntry) -> StandingValue:
        """Say what a void or a restore adds, where differences count."""
        step = 1 if entry.kind == "restore" else -1
        return StandingValue(entry.delta if self.rule == SUM else step, entry.at_us, entry.seq)

    @property
    def counts_differences(self) -> bool:
        """Whether a void takes away what an award added; elsewhere what then stands is looked up in the log."""
        return self.rule in DIFFERENCES


def matches(pattern: str, action: str) -> bool:
    """Tell whether a pattern (`*`, `chess-*`, `chess-win`) is of this action."""
    if pattern == EVERYTHING:
        return True
    return action == pattern or (pattern.endswith("*") and bool(action) and action.startswith(pattern[:-1]))


def advance(rule: str, before: StandingValue | None, offer: StandingValue) -> StandingValue:
    """Say where somebody stands after an award, adjustment or import: differences add up, the best and the latest stand alone."""
    if before is None or rule == LATEST:
        return offer
    if rule == BEST:
        return offer if offer.points > before.points else before
    return add(before, offer)


def add(before: StandingValue, difference: StandingValue) -> StandingValue:
    """Add a difference; where it is none, who reached the points before still did."""
    if not difference.points:
        return before
    return StandingValue(before.points + difference.points, difference.reached_us, difference.seq)


def choose(rule: str, offers: Iterable[StandingValue]) -> StandingValue | None:
    """Say what stands of all offers that were not voided, in the order of the chain; None where nothing is left."""
    standing: StandingValue | None = None
    for offer in offers:
        standing = advance(rule, standing, offer)
    return standing


def advance_main(before: StandingValue | None, entry: CountedEntry) -> StandingValue:
    """Say where somebody stands on the main board after an entry: with the balance, since it last changed."""
    if before is None or entry.delta:
        return StandingValue(entry.balance, entry.at_us, entry.seq)
    return before._replace(points=entry.balance)


Locate = Callable[[Definition, int], int | None]


class Reversals:
    """What the voids and restores among the entries of a chain are about, and what is voided after all of them."""

    def __init__(self, entries: Iterable[CountedEntry]) -> None:
        self._targets: dict[int, int] = {}
        self.voided: set[int] = set()
        for entry in entries:
            if entry.kind == "void":
                target = reversed_seq(entry.ref)
                self.voided.add(target)
            elif entry.kind == "restore":
                target = self._targets.get(reversed_seq(entry.ref), 0)
                self.voided.discard(target)
            else:
                continue
            self._targets[entry.seq] = target
        #: The awards, adjustments and imports that were ever reversed.
        self.reversed = frozenset(self._targets.values())

    def find_target(self, reversal: CountedEntry) -> int:
        """Number of the award, adjustment or import that a void takes back or a restore gives again; 0 where there is none."""
        return self._targets.get(reversal.seq, 0)


NO_REVERSALS = Reversals(())


class Recount:
    """Derives the standings of one player, by period, from the chain, entry by entry from the first to the last.

    What is voided in the end is known from the beginning, so nothing is kept for each award.
    """

    def __init__(
        self, definitions: Sequence[Definition], locate: Locate, reversals: Reversals, *, with_main: bool = True
    ) -> None:
        """`locate` finds the period of a board at a time, in microseconds since 1970; None where nothing counts.

        Where it is without the main board, only the given ones are derived.
        """
        self._with_main = with_main
        self._definitions = definitions
        self._locate = locate
        self._reversals = reversals
        self._of_actions: dict[tuple[str, bool], list[Definition]] = {}
        self._main: StandingValue | None = None
        self._standings: dict[int, StandingValue] = {}
        self._reversed: dict[int, tuple[str, int]] = {}

    def apply(self, entry: CountedEntry) -> None:
        """Take in the next entry of the chain, whether or not it holds."""
        if self._with_main:
            self._main = advance_main(self._main, entry)
        if entry.kind in GAINS:
            self._gain(entry)
        elif entry.kind in REVERSALS:
            self._reverse(entry)

    def standings(self) -> dict[int, StandingValue]:
        """Say where the player stands in each period after the whole chain."""
        main = {} if self._main is None else {MAIN_PERIOD: self._main}
        return self._standings | main

    def _gain(self, entry: CountedEntry) -> None:
        if entry.seq in self._reversals.reversed:
            self._reversed[entry.seq] = entry.kind, entry.at_us
        is_voided = entry.seq in self._reversals.voided
        for definition, period in self._periods(entry.kind, entry.action, entry.at_us):
            if definition.counts_differences or not is_voided:
                before = self._standings.get(period)
                self._standings[period] = advance(definition.rule, before, definition.offer(entry))

    def _reverse(self, entry: CountedEntry) -> None:
        target = self._reversed.get(self._reversals.find_target(entry))
        if target is None:
            return
        kind, at_us = target
        for definition, period in self._periods(kind, entry.action, at_us):
            if definition.counts_differences and period in self._standings:
                self._standings[period] = add(self._standings[period], definition.reverse(entry))

    def _periods(self, kind: str, action: str, at_us: int) -> Iterable[tuple[Definition, int]]:
        key = action, kind == IMPORT
        definitions = self._of_actions.get(key)
        if definitions is None:
            definitions = [each for each in self._definitions if each.takes(kind) and each.matches(action)]
            self._of_actions[key] = definitions
        for definition in definitions:
            if at_us >= definition.since_us and (period := self._locate(definition, at_us)) is not None:
                yield definition, period
