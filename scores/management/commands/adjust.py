"""manage.py adjust: give or take points."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.models import AuditEntry
from scores import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Give or take points for what no entry says."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delta", type=int, help="points to add; negative takes")

    def correct(self, *, player: UUID, reason: str, actor: str, options: dict[str, Any]) -> AuditEntry:
        return corrections.adjust(player=player, delta=options["delta"], reason=reason, actor=actor)
