"""A replica that reads may go to (`READ_DATABASE_URL`), and how far it is behind.

Reads that everybody may see, and that nobody's own write comes before, are made inside `reading()`: there the default connection of
this thread is one to the replica. Where the replica is away, or further behind than `READ_LAG_SECONDS`, it stays the primary's.

How far behind is told without any clock but our own: the primary's place in its write-ahead log is noted twice a second, and a
replica that has replayed up to a place is as old as the moment at which that was noted. A primary that writes nothing leaves
nobody behind.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections

from scores.database.availability import time_limit

ALIAS = "replica"
#: In bytes from the start of the log, so that places are numbers. A replica that was promoted replays no more.
PLACE = "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')"
#: A comparison may take this long: it must not keep the watch from looking at the primary.
COMPARING_SECONDS = 1.0
#: Places that are remembered, of two a second.
PLACES = 600
#: Between two looks of one who waits for it.
PAUSE_SECONDS = 0.2

_is_reading: ContextVar[bool] = ContextVar("replica_is_reading", default=False)


class Replica:
    """What this process knows of the replica: nothing before its first comparison with the primary, and then nothing is read there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: deque[tuple[int, float]] = deque(maxlen=PLACES)
        self._lag: float | None = None
        #: When it could not be asked last, in monotonic seconds: a connection from before may hang for ever.
        self.lost_at = -math.inf

    @property
    def lag_seconds(self) -> float | None:
        """How far it was behind at the last comparison; None where it could not be compared."""
        return self._lag

    @property
    def state(self) -> str:
        """In the words of `/readyz`."""
        if self._lag is None:
            return "unavailable"
        return "ok" if self.is_usable else "behind"

    @property
    def is_usable(self) -> bool:
        return self._lag is not None and self._lag <= settings.READ_LAG_SECONDS

    def record_written(self, place: int, at: float) -> None:
        """The primary had written this far at this time, in monotonic seconds."""
        with self._lock:
            self._written.append((place, at))

    def record_replayed(self, place: int, at: float) -> None:
        """The replica had replayed this far."""
        with self._lock:
            reached = [noted_at for written, noted_at in self._written if written <= place]
            is_current = bool(self._written) and self._written[-1][0] <= place
            oldest = self._written[0][1] if self._written else at
            self._lag = 0.0 if is_current else at - (reached[-1] if reached else oldest)

    def record_failure(self) -> None:
        """It could not be asked."""
        with self._lock:
            self._lag = None
            self.lost_at = time.monotonic()


replica = Replica()


def is_configured() -> bool:
    """Whether there is a `READ_DATABASE_URL`."""
    return ALIAS in settings.DATABASES


@contextmanager
def reading() -> Iterator[None]:
    """Have this thread read from the replica, where there is one that is fit for it. Nothing may be written inside."""
    if not is_configured() or not replica.is_usable or connection.in_atomic_block:
        yield
        return
    token = _is_reading.set(True)
    try:
        with _connected_to_replica():
            yield
    finally:
        _is_reading.reset(token)


@contextmanager
def _connected_to_replica() -> Iterator[None]:
    """So it is for models, for statements of our own and for transactions alike."""
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def date_back(moment: datetime) -> datetime:
    """Say of when that is what was read at this moment: of before it by as much as the replica is behind, where it was read there."""
    return moment - timedelta(seconds=(replica.lag_seconds or 0.0) if _is_reading.get() else 0.0)


def compare() -> None:
    """Find how far the replica is behind the primary. Raises what the primary raises; that the replica is away is noted."""
    written = _read_place()
    replica.record_written(written, time.monotonic())
    _compare_with_written()


def catch_up(seconds: float) -> bool:
    """Wait until the replica has all that the primary has written by now; whether it has, within so many seconds."""
    if not is_configured():
        return False
    compare()
    deadline = time.monotonic() + seconds
    while replica.lag_seconds != 0 and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        _compare_with_written()
    return replica.lag_seconds == 0


def _compare_with_written() -> None:
    try:
        with time_limit(COMPARING_SECONDS), _connected_to_replica():
            replayed = _read_place()
    except (DatabaseError, InterfaceError):
        replica.record_failure()
    else:
        replica.record_replayed(replayed, time.monotonic())


def _read_place() -> int:
    with connection.cursor() as cursor:
        cursor.execute(PLACE)
        return int(cursor.fetchone()[0])
