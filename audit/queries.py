"""Queries of the log that several modules ask."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from audit import chain
from audit.blocks import Leaf
from audit.models import AuditEntry, Checkpoint, CheckpointHead

#: Rows of a query that are read at once.
CHUNK = 2000


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def leaves_of(number: int) -> Iterator[Leaf]:
    """Read the leaves of a checkpoint, in the order its root is made over."""
    leaves = CheckpointHead.objects.filter(checkpoint_id=number).order_by("player")
    return map(Leaf._make, leaves.values_list(*Leaf._fields).iterator(CHUNK))


def entries_between(player: UUID, first: int, last: int) -> QuerySet[AuditEntry]:
    """A stretch of a player's chain in order, both ends included."""
    return AuditEntry.objects.filter(player=player, seq__range=(first, last)).order_by("seq")


def system_records() -> QuerySet[AuditEntry]:
    """What the system chain records, in order: changes of the catalogue, erasures, accepted identities, reviews, rebuilds, recoveries."""
    return AuditEntry.objects.filter(player=chain.SYSTEM_CHAIN, kind=AuditEntry.Kind.CONFIG).order_by("seq")
