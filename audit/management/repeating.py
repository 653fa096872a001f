"""What commands share that may go on until they are stopped: `--every SECONDS`, and rounds that outlive a fault."""

import signal
import threading
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections


class RepeatingCommand(BaseCommand):
    """`run_round` once, or every so many seconds until SIGTERM or SIGINT, which let a round end."""

    #: What ends the first round with a sentence, and what may be over by the next one of many.
    fatal_faults: ClassVar[tuple[type[Exception], ...]]
    passing_faults: ClassVar[tuple[type[Exception], ...]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until stopped (default: once)")

    def run_round(self, **options: Any) -> None:
        """Do one round. Raises one of `fatal_faults` or `passing_faults` when it cannot be done."""
        raise NotImplementedError

    def handle(self, *, every: float | None, **options: Any) -> None:
        stopped = threading.Event()
        if every is not None:
            if not 0 < every <= threading.TIMEOUT_MAX:
                raise CommandError("--every must be more than 0 seconds.")
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopped.set())
        # A start that cannot do its work is refused: what is wrong by then is rarely over by itself.
        try:
            self._run_and_print(**options)
        except BrokenPipeError:
            raise  # a reader that left is no fault of the round
        except self.fatal_faults as error:
            raise CommandError(str(error)) from None
        while every is not None and not stopped.wait(every):
            close_old_connections()
            try:
                self._run_and_print(**options)
            except self.passing_faults as error:
                # Whatever it is, it may be over by the next round, and somebody reads what this prints.
                self.stderr.write(self.style.ERROR(" ".join(str(error).split())))

    def _run_and_print(self, **options: Any) -> None:
        """A round, and its words at once: a log that is read from a pipe would otherwise show them hours later."""
        self.run_round(**options)
        self.stdout.flush()
