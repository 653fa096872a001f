"""manage.py make_action: add or change an action of the catalogue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scores.catalogue import set_action
from scores.errors import InvalidBody


class Command(BaseCommand):
    help = "Add an action to the catalogue, or set every field of one: what is not named gets its default."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--points", type=int, required=True, help="what a self-report earns")
        parser.add_argument("--label", help="shown to people (default: made from the slug)")
        parser.add_argument("--cooldown", type=int, default=0, help="seconds between two acts of one player")
        parser.add_argument("--daily-cap", type=int, default=0, help="times per player and UTC day")
        parser.add_argument("--receipt-required", action="store_true", help="counts only with a signed receipt")
        parser.add_argument(
            "--takes-value", action="store_true", help="its receipts say what was reached, such as a time"
        )
        parser.add_argument("--disabled", action="store_true", help="switch it off")

    def handle(self, *, slug: str, points: int, label: str | None, **options: Any) -> None:
        try:
            action = set_action(
                actor="system",
                slug=slug,
                label=slug.replace("-", " ").replace("_", " ").capitalize() if label is None else label,
                points=points,
                cooldown_seconds=options["cooldown"],
                daily_cap=options["daily_cap"],
                receipt_required=options["receipt_required"],
                takes_value=options["takes_value"],
                enabled=not options["disabled"],
            )
        except InvalidBody as refusal:
            faults = " ".join(f"{error['field']}: {error['detail']}" for error in refusal.errors)
            raise CommandError(f"The catalogue stays as it was. {faults}") from None
        self.stdout.write(f"{action.slug}: {action.points} points{'' if action.enabled else ', disabled'}.")
