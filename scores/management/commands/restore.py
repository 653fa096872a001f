"""manage.py restore: give back the points that a void took."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Give back the points that a void took."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("seq", type=int, help="number of the void, or of the entry it reversed")

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.restore(player=player, seq=options["seq"], reason=reason, actor=actor)
