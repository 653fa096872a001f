"""Which acts a flag is about: all that its rule describes, of which the flag lists a sample, and what came since."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from audit.times import DAY_US, to_us
from scores.investigation import history
from scores.investigation.corrections import REVERSIBLE, find_reversible
from scores.investigation.runs import MAXIMUM_ENTRIES, Run, merge, read_entries
from scores.models import Flag

#: So long before it was opened acts from a shared address are its business: the longest window of detection.
VISITS_US = 7 * DAY_US


class Voidable(NamedTuple):
    """What a void of some entries would take: how many, their points, and whether there are more than one act takes."""

    total: int
    points: int
    is_cut: bool


def read_acts(flag: Flag) -> list[Run]:
    """Read which acts the rule of a flag describes by now: those it was opened for; from a shared address also newer ones."""
    if flag.rule == Flag.Rule.SHARED_ADDRESS and (visits := _read_visits(flag)):
        return visits
    if flag.acts:
        return [Run(UUID(player), first, last) for player, first, last in flag.acts]
    return merge((UUID(player), seq) for player, seq in flag.entries)


def read_since(acts: Iterable[Run]) -> list[Run]:
    """Name the stretches of everything since the first of these acts, of each player they are of."""
    first: dict[UUID, int] = {}
    for run in acts:
        first[run.player] = min(run.first, first.get(run.player, run.first))
    return [Run(player, seq, None) for player, seq in sorted(first.items())]


def weigh(runs: Iterable[Run], *, after_us: int = 0) -> Voidable:
    """Find what a void of these entries would come to now: of those later than this time the gains that were not reversed."""
    entries = (entry for entry in read_entries(runs) if entry.at_us > after_us)
    found = find_reversible(entries, REVERSIBLE, MAXIMUM_ENTRIES + 1)
    taken = found[:MAXIMUM_ENTRIES]
    return Voidable(len(taken), sum(entry.delta for entry in taken), len(found) > MAXIMUM_ENTRIES)


def _read_visits(flag: Flag) -> list[Run]:
    """What the players of a shared address did there with the same agent, which the acts tell that the flag rests on."""
    contexts = [entry.context for entry in flag.linked_entries() if isinstance(entry.context, dict)]
    agents = {str(context.get("agent") or "") for context in contexts}
    players = {UUID(player) for player, _ in flag.entries}
    since_us = to_us(flag.opened_at) - VISITS_US
    return merge(history.read_visits(since_us, flag.subject, agents, players, MAXIMUM_ENTRIES))
