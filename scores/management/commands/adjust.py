"""manage.py adjust: give or take points."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import transaction

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.management.correction import CorrectionCommand


class Command(CorrectionCommand):
    help = "Give or take points for what no entry says."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "delta", type=int, help="points to add; negative takes. Over a million it is several entries"
        )
        parser.add_argument("--action", default="", metavar="SLUG", help="what the points are for, which boards go by")

    @transaction.atomic
    def correct(self, *, player: UUID, reason: str, actor: str, **options: Any) -> AuditEntry:
        parts = corrections.split_adjustment(options["delta"])
        action = options["action"]
        return [
            corrections.adjust(player=player, delta=part, action=action, reason=reason, actor=actor) for part in parts
        ][-1]
