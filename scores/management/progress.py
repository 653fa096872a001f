"""How far a command is that reads the whole log."""

import sys
import time

from django.core.management.base import BaseCommand

PROGRESS_SECONDS = 1.0


class Progress:
    """Counts, and says so once a second where somebody is watching."""

    def __init__(self, command: BaseCommand, counted: str = "entries") -> None:
        self.entries = 0
        self.began = self._reported_at = time.monotonic()
        self._counted = counted
        self._stream = command.stderr
        self._watched = sys.stderr.isatty()

    def __call__(self, entries: int) -> None:
        self.entries += entries
        if self._watched and self.entries % 1000 < entries and time.monotonic() - self._reported_at > PROGRESS_SECONDS:
            self._reported_at = time.monotonic()
            self._stream.write(f"\r{self.entries} {self._counted}", ending="")

    def clear(self) -> None:
        """Leave the line to what is printed next."""
        if self._watched:
            self._stream.write("\r\x1b[K", ending="")
