"""How far a command is that reads the whole log."""

import sys
import time

from django.core.management.base import BaseCommand

PROGRESS_SECONDS = 1.0


class Progress:
    """Counts, and says so once a second where somebody is watching; elsewhere every `unwatched_seconds`, or never."""

    def __init__(
        self,
        command: BaseCommand,
        counted: str = "entries",
        *,
        total: int | None = None,
        unwatched_seconds: float | None = None,
    ) -> None:
        self.entries = 0
        self.total = total
        self.began = self._reported_at = time.monotonic()
        self._counted = counted
        self._stream = command.stderr
        self._watched = sys.stderr.isatty()
        self._pause = PROGRESS_SECONDS if self._watched else unwatched_seconds

    def __call__(self, entries: int) -> None:
        self.entries += entries
        if self._pause is not None and time.monotonic() - self._reported_at > self._pause:
            self._reported_at = time.monotonic()
            start, end = ("\r\x1b[K", "") if self._watched else ("", "\n")
            self._stream.write(f"{start}{self._describe()}", ending=end)
            self._stream.flush()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began

    def clear(self) -> None:
        """Leave the line to what is printed next."""
        if self._watched:
            self._stream.write("\r\x1b[K", ending="")

    def _describe(self) -> str:
        if self.total is None:
            return f"{self.entries} {self._counted}"
        return f"{self.entries} of about {self.total} {self._counted}, {round(self.entries / self.seconds)} a second"
