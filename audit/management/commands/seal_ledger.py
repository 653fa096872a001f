"""manage.py seal_ledger: put a signed block over the chains that moved, and a copy of it outside the database."""

import signal
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from audit.checkpoints import SealingRefused, seal


class Command(BaseCommand):
    help = "Seal the audit log: sign a block over the chains that moved and append it to CHECKPOINT_EXPORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until stopped (default: once)")

    def handle(self, *, every: float | None, **options: Any) -> None:
        if every is None:
            try:
                self._seal()
            except (SealingRefused, ImproperlyConfigured, OSError) as error:
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
                self._seal()
            except (SealingRefused, OSError, DatabaseError) as error:
                # Whatever it is, it may be over by the next round, and somebody reads what this prints.
                self.stderr.write(self.style.ERROR(str(error)))
            stopped.wait(every)

    def _seal(self) -> None:
        made = seal()
        for checkpoint in made:
            self.stdout.write(f"Sealed checkpoint {checkpoint.number}.")
        if not made:
            self.stdout.write("Nothing moved since the last checkpoint.")
