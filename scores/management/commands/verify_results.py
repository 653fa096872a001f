"""manage.py verify_results: check the results of a period without the database: whether a signed checkpoint states them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoint_file import read_all
from scores.integrity.results_verification import MAXIMUM_LINE, check_results
from scores.management.verifying import add_key_argument, read_public_keys, report


class Command(BaseCommand):
    help = "Check a results file (/api/boards/SLUG/PERIOD/results) without the database. Ends with 1 on any finding."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--pinned", metavar="FILE", help="exported checkpoints, a copy from outside the server (CHECKPOINT_EXPORT)"
        )
        add_key_argument(parser)

    def handle(self, *, file: Path, pinned: str | None, checkpoint_key: str | None, **options: Any) -> None:
        source = pinned or settings.CHECKPOINT_EXPORT
        try:
            blocks = list(read_all(source)) if source else None
            keys = read_public_keys(checkpoint_key, blocks or [])
            with file.open("rb") as lines:
                results = check_results(iter(lambda: lines.readline(MAXIMUM_LINE), b""), blocks, keys)
                report(self.stdout, results)
        except (OSError, ValueError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None
