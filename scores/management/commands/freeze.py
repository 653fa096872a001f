"""manage.py freeze: take a player off the board."""

from typing import Any
from uuid import UUID

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Take a player off the board, who can gain nothing until unfrozen."

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.freeze(player=player, reason=reason, actor=actor)
