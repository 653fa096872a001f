"""manage.py detect: look for what no person does, and open flags for review."""

import signal
import threading
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from scores import flags


class Command(BaseCommand):
    help = (
        "Look at everybody's recent history and open a flag for what looks as if no person did it; a person reviews it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until stopped (default: once)")
        parser.add_argument("--days", type=float, default=7, help="how far to look back (default: 7)")

    def handle(self, *, every: float | None, days: float, **options: Any) -> None:
        if not 0 < days <= 366:
            raise CommandError("--days must be more than 0 and at most 366.")
        if every is None:
            try:
                self._detect(days)
            except (OSError, ValueError, DatabaseError) as error:
                raise CommandError(str(error)) from None
            return
        if not 0 < every <= threading.TIMEOUT_MAX:
            raise CommandError("--every must be more than 0 seconds.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.is_set():
            close_old_connections()
            try:
                self._detect(days)
            except (OSError, ValueError, DatabaseError) as error:
                # Whatever it is, it may be over by the next round, and somebody reads what this prints.
                self.stderr.write(self.style.ERROR(str(error)))
            stopped.wait(every)

    def _detect(self, days: float) -> None:
        began = time.monotonic()
        found = flags.detect(window=timedelta(days=days))
        for flag in found.opened:
            self.stdout.write(f"{flag}. {flag.why}")
        seconds = time.monotonic() - began
        self.stdout.write(f"Looked at {found.players} players in {seconds:.1f} s; new flags: {len(found.opened)}.")
        self.stdout.flush()
