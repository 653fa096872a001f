"""manage.py erase_player: remove a person's data; the points and the proof of the log stay."""

from typing import Any
from uuid import UUID

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Remove a person's name, account data, addresses, agents, reasons and receipts; the chain still verifies."

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.erase_player(player=player, reason=reason, actor=actor)

    def describe(self, entry: AuditEntry) -> str:
        return f"Erased, by entry {entry.seq} of the system chain. VACUUM frees the space; backups keep what they hold."
