"""manage.py rename: call a player something else."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Call a player something else, on every board at once."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the name to show")

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.rename(player=player, name=options["name"], reason=reason, actor=actor)
