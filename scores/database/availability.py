"""How long the database may take for what is being done, and what this process knows of whether it answers at all."""

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

#: For what everybody looks at: after so long the board is shown as it was last read.
READ_SECONDS = 1.0
#: Who has not answered its watch for so long is away; it asks twice a second.
SILENCE_SECONDS = 2.0

_deadline: ContextVar[float | None] = ContextVar("database_deadline", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Give everything inside so many seconds of the database, all together: 0 is not to ask it, None is no limit."""
    token = _deadline.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """Say what is left of the limit: 0 or less where nothing is, None without a limit."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


class Availability:
    """What a process knows of its database. Nothing while nobody watches it, in commands and tests: then everybody may try."""

    def __init__(self) -> None:
        self.is_watched = False
        self.is_migrated = False
        self.missing_ledger_key: str | None = None
        self.are_sessions_shared = False
        self._answered_at = math.inf
        self._missed_at = 0.0
        #: When its watch could not ask it last, in monotonic seconds: a connection from before may hang for ever.
        self.lost_at = -math.inf

    def record_answer(self) -> None:
        """Its watch had an answer."""
        self._answered_at = time.monotonic()

    def record_failure(self) -> None:
        """It is gone for certain: its watch could not ask it."""
        self._answered_at = -math.inf
        self.lost_at = time.monotonic()

    def record_missed_read(self) -> None:
        """A read was given up on: until the watch has an answer again, no other read need wait for the same."""
        self._missed_at = time.monotonic()

    def record_shared_sessions(self) -> None:
        """For as long as this process lives: it takes a setting to put that right."""
        self.are_sessions_shared = True

    @property
    def is_away(self) -> bool:
        """Whether to do without it: writes are refused, reads get what was read last."""
        return self.is_watched and time.monotonic() - self._answered_at > SILENCE_SECONDS

    @property
    def is_doubtful(self) -> bool:
        """Whether reads had better get what was read last."""
        return self.is_watched and (self._missed_at > self._answered_at or self.is_away)


availability = Availability()


def read_limit() -> AbstractContextManager[None]:
    """Limit the time of a read whose last result is kept: none at all while the database had better not be waited for."""
    return time_limit(0 if availability.is_doubtful else READ_SECONDS)
