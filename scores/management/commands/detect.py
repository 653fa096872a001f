"""manage.py detect: look for what no person does, and open flags for review."""

import time
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from audit.management.repeating import RepeatingCommand
from scores.investigation.detection_round import detect


class Command(RepeatingCommand):
    help = (
        "Look at everybody's recent history and open a flag for what looks as if no person did it; a person reviews it."
    )
    fatal_faults = (OSError, ValueError)
    passing_faults = (OSError, ValueError, DatabaseError)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--days", type=float, default=7, help="how far to look back (default: 7)")

    def handle(self, *, every: float | None, **options: Any) -> None:
        if not 0 < options["days"] <= 366:
            raise CommandError("--days must be more than 0 and at most 366.")
        super().handle(every=every, **options)

    def run_round(self, **options: Any) -> None:
        began = time.monotonic()
        found = detect(window=timedelta(days=options["days"]))
        for flag in found.opened:
            self.stdout.write(f"{flag}. {flag.why}")
        seconds = time.monotonic() - began
        self.stdout.write(f"Looked at {found.players} players in {seconds:.1f} s; new flags: {len(found.opened)}.")
