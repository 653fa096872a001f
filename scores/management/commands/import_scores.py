"""manage.py import_scores: names and points from a CSV file, each line once."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from scores.errors import Refused
from scores.investigation.corrections import find_actor
from scores.management.progress import Progress
from scores.transfer.importing import ImportPlan, carry_out, plan_import
from scores.transfer.score_file import FileRefused, read_score_file


class Command(BaseCommand):
    help = "Import points from a CSV file with the columns name,points[,player]. All of it or, where a line is bad, nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv", help="UTF-8, with a header line")
        parser.add_argument("--source", required=True, help="where the points come from; shown beside them at the desk")
        parser.add_argument("--reason", required=True, help="kept in the audit log")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, file: Path, source: str, reason: str, actor: str | None, dry_run: bool, **options: Any) -> None:
        try:
            scores = read_score_file(file)
            with transaction.atomic():
                acting = find_actor(actor)
                transaction.set_rollback(dry_run)
            plan = plan_import(scores, source=source, reason=reason, actor=acting)
            for change in plan.list_changes():
                self.stdout.write(change)
            if not dry_run:
                progress = Progress(self, "lines", total=len(plan.pending))
                carry_out(plan, say=self.stdout.write, progress=progress)
                progress.clear()
        except FileRefused as refusal:
            raise CommandError(str(refusal)) from None
        except Refused as refusal:
            raise CommandError(refusal.explanation) from None
        self.stdout.write(summarize(plan, dry_run=dry_run))


def summarize(plan: ImportPlan, *, dry_run: bool) -> str:
    """Say what an import came to, or would come to."""
    lines, total = len(plan.file.lines), plan.file.total
    there, added = lines - len(plan.pending), len(plan.added)
    new, points = len(plan.pending) - added, sum(line.points for line in plan.pending)
    would = "would be imported" if dry_run else "imported"
    return (
        f"{lines} lines with {total} points. {len(plan.pending)} lines with {points} points {would}: "
        f"{new} new players, {added} who were there. {there} lines were there already."
    )
