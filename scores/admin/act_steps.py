"""The steps of an act: what the service is asked to do to whom, and the act itself, all of them or none."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from audit.models import AuditEntry
from scores.board.ranks import read_ranks
from scores.errors import CorrectionRefused
from scores.investigation import corrections
from scores.models import Score
from scores.players import ensure_player

Service = Callable[..., AuditEntry]
#: What takes all steps of a player at once, and which kind of entry it writes.
REVERSALS: Mapping[Service, tuple[Callable[..., list[AuditEntry]], str]] = {
    corrections.void: (corrections.void_all, AuditEntry.Kind.VOID),
    corrections.restore: (corrections.restore_all, AuditEntry.Kind.RESTORE),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a service. `entry` is what a `seq` among the arguments speaks of, where there is such an entry."""

    player: UUID
    arguments: Mapping[str, int | str] = field(default_factory=dict)
    entry: AuditEntry | None = None


class Done(NamedTuple):
    """What an act wrote, and the ranks on the main board of whom it was about, before and after."""

    entries: list[AuditEntry]
    before: Mapping[UUID, int]
    after: Mapping[UUID, int]


@transaction.atomic
def perform(service: Service, steps: Collection[Step], *, reason: str, user: User, seen: Mapping[UUID, int]) -> Done:
    """Take all steps, or none.

    `seen` is how long a player's chain was in the preview. Raises CorrectionRefused when a form is sent twice or after another's
    correction, and Refused as the service does.
    """
    for player, seq in seen.items():
        _refuse_outdated(player, seq)
    actor = str(ensure_player(user).pk)
    players = {step.player for step in steps}
    before = read_ranks(players)
    entries = [entry for batch in split(service, steps) for entry in take(service, batch, reason=reason, actor=actor)]
    return Done(entries, before, read_ranks(players))


def split(service: Service, steps: Collection[Step]) -> Iterator[list[Step]]:
    """Split steps, which are in the order of players, into batches that the service takes at once."""
    if service not in REVERSALS:
        yield from ([step] for step in steps)
        return
    for _, own in groupby(steps, attrgetter("player")):
        yield list(own)


def sort_out(service: Service, batch: Sequence[Step]) -> tuple[list[Step], list[tuple[Step, str]]]:
    """Sort out which steps of a batch the service would refuse for the entry they name, and why."""
    if service not in REVERSALS:
        return list(batch), []
    _, kind = REVERSALS[service]
    _, refused = corrections.find_targets(kind, batch[0].player, [int(step.arguments["seq"]) for step in batch])
    faults = [(step, refused.get(int(step.arguments["seq"]))) for step in batch]
    return [step for step, fault in faults if fault is None], [(step, fault) for step, fault in faults if fault]


def take(service: Service, batch: Sequence[Step], *, reason: str, actor: str) -> list[AuditEntry]:
    """Take the steps of a batch. Raises Refused as the service does."""
    player = batch[0].player
    if service not in REVERSALS:
        return [service(player=player, reason=reason, actor=actor, **step.arguments) for step in batch]
    take_all, _ = REVERSALS[service]
    return take_all(player=player, seqs=[int(step.arguments["seq"]) for step in batch], reason=reason, actor=actor)


def _refuse_outdated(player: UUID, seq: int) -> None:
    # Under the player's lock, or two forms sent at once would both find nothing. Awards do not count: a cheat that
    # plays on must not keep the investigator from acting.
    Score.objects.select_for_update().get(pk=player)
    later = AuditEntry.objects.filter(player=player, seq__gt=seq).exclude(kind=AuditEntry.Kind.AWARD).first()
    if later is not None:
        raise CorrectionRefused(
            f"This player was corrected after your preview (entry {later.seq}: {later.kind}). Nothing more was done; "
            "this is the new preview."
        )
