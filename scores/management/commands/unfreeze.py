"""manage.py unfreeze: let a frozen player back."""

from typing import Any
from uuid import UUID

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Let a frozen player back on the board."

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.unfreeze(player=player, reason=reason, actor=actor)
