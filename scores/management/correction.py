"""What the investigators' commands share: who is meant, why, in whose name, and how it ended."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.models import AuditEntry
from scores.errors import Refused
from scores.investigation.corrections import describe, find_actor


class CorrectionCommand(BaseCommand):
    """One correction of one player. A refused one changed nothing and ends with 1."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("player", type=UUID, metavar="UUID")
        self.add_own_arguments(parser)
        parser.add_argument("--reason", required=True, help="kept in the audit log")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")

    def add_own_arguments(self, parser: CommandParser) -> None:
        """What this correction needs beyond the player."""

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        """Call the service. Raises Refused when it may not be."""
        raise NotImplementedError

    def handle(self, *, player: UUID, reason: str, actor: str | None, **options: Any) -> None:
        try:
            entry = self.correct(player=player, reason=reason, actor=find_actor(actor), **options)
        except Refused as refusal:
            raise CommandError(refusal.explanation) from None
        self.stdout.write(self.describe(entry))

    def describe(self, entry: AuditEntry) -> str:
        return f"Entry {entry.seq}: {describe(entry)}"
