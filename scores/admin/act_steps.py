"""The steps of an act: what the service is asked to do to whom, and the act itself, all of them or none."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from audit.models import AuditEntry
from scores.errors import CorrectionRefused
from scores.models import Score
from scores.players import ensure_player

Service = Callable[..., AuditEntry]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a service. `entry` is what a `seq` among the arguments speaks of, where there is such an entry."""

    player: UUID
    arguments: Mapping[str, int | str] = field(default_factory=dict)
    entry: AuditEntry | None = None


@transaction.atomic
def perform(
    service: Service, steps: Iterable[Step], *, reason: str, user: User, seen: Mapping[UUID, int]
) -> list[AuditEntry]:
    """Take all steps, or none.

    `seen` is how long a player's chain was in the preview. Raises CorrectionRefused when a form is sent twice or after another's
    correction, and Refused as the service does.
    """
    for player, seq in seen.items():
        _refuse_outdated(player, seq)
    actor = str(ensure_player(user).pk)
    return [service(player=step.player, reason=reason, actor=actor, **step.arguments) for step in steps]


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
