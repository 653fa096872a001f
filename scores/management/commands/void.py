"""manage.py void: take back the points of one entry."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Take back the points of one award, adjustment or import."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("seq", type=int, help="number of the entry to reverse")

    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        return corrections.void(player=player, seq=options["seq"], reason=reason, actor=actor)
