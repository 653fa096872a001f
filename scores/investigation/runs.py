"""Runs of entries: how what a flag is about, and what an act is done to, is named without an id for each entry."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from audit.models import AuditEntry

#: So many entries one act takes, and one flag is about: their players wait for the lock until all are done.
MAXIMUM_ENTRIES = 2000
#: So many runs are asked for at once: SQLite takes no condition of a thousand parts.
CHUNK = 200


class Run(NamedTuple):
    """Entries of one chain, from the first number to the last; without a last one, all there are from the first on."""

    player: UUID
    first: int
    last: int | None

    @property
    def size(self) -> int:
        """How many there are, as far as that is known without reading."""
        return 1 if self.last is None else self.last - self.first + 1


def merge(places: Iterable[tuple[UUID, int]]) -> list[Run]:
    """Merge (player, number) of entries into runs, in the order of players and numbers."""
    runs: list[Run] = []
    for player, seq in sorted(set(places)):
        if runs and (runs[-1].player, runs[-1].last) == (player, seq - 1):
            runs[-1] = runs[-1]._replace(last=seq)
        else:
            runs.append(Run(player, seq, seq))
    return runs


def read_entries(runs: Iterable[Run]) -> Iterator[AuditEntry]:
    """Read the entries of these runs, player by player, each chain in its order."""
    ordered = sorted(runs, key=lambda run: run[:2])
    for start in range(0, len(ordered), CHUNK):
        wanted = Q()
        for run in ordered[start : start + CHUNK]:
            bounds = {"seq__gte": run.first} if run.last is None else {"seq__range": (run.first, run.last)}
            wanted |= Q(player=run.player, **bounds)
        yield from AuditEntry.objects.filter(wanted).order_by("player", "seq").iterator(MAXIMUM_ENTRIES)
