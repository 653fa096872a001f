"""Where awards count: by player and period, folded so that one statement moves each standing once."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from scores.board_models import MAIN_PERIOD, Board
from scores.counting import periods, plans
from scores.counting.plans import PeriodMissing, Plans
from scores.counting.rules import CountedEntry, StandingValue, advance, advance_main

#: More periods than one are missing only where a chain's last entry lies ahead of the clock.
TRIES = 3


class Placement(NamedTuple):
    """By which definitions awards were placed, and what they bring; in periods of `replacing` it stands, elsewhere it is added.

    In those of `best` it stands only where it is better.
    """

    version: int
    values: dict[tuple[UUID, int], StandingValue]
    replacing: list[int]
    best: list[int]


def place(entries: Iterable[CountedEntry], version: int | None) -> Placement:
    """Find where these awards count by the definitions of this version, or newer ones; makes periods that are missing.

    Outside of transactions only. Raises CatalogueChanged, LedgerKeyMissing or Unavailable when definitions, calendar or system
    chain cannot be trusted.
    """
    entries, held = list(entries), plans.get_plans(version)
    for _ in range(TRIES):
        try:
            return _fold(entries, held)
        except PeriodMissing as missing:
            periods.ensure_periods(missing.at_us)
            held = plans.read_plans()
    return _fold(entries, held)


def _fold(entries: Iterable[CountedEntry], held: Plans) -> Placement:
    values: dict[tuple[UUID, int], StandingValue] = {}
    rules: dict[int, str] = {}
    for entry in entries:
        main = entry.player, MAIN_PERIOD
        values[main] = advance_main(values.get(main), entry)
        for definition, period in held.find(entry.action, entry.at_us):
            key = entry.player, period
            rules[period] = definition.rule
            values[key] = advance(definition.rule, values.get(key), definition.offer(entry))
    best = [period for period, rule in rules.items() if rule == Board.Rule.BEST]
    latest = [period for period, rule in rules.items() if rule == Board.Rule.LATEST]
    return Placement(held.version, values, [MAIN_PERIOD, *best, *latest], best)
