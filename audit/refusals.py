"""Refused attempts: folded in memory, and written about once a second, so that being refused costs next to nothing."""

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, close_old_connections, connection

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry, Refusal
from audit.verification import ERASURE

logger = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
#: A server that stops waits for its last counts no longer than this.
STOP_SECONDS = 1.5
#: So many folds are buffered at most; what else is refused until they are written is counted for all OTHERS together.
MAXIMUM_BUFFERED = 1_000
OTHERS = "others"


class Fold(NamedTuple):
    """What is counted together."""

    minute: datetime
    reason: str
    subject: str


class RefusalLog:
    """Counts of refused attempts on their way to the database. A database that is away gets them when it is back."""

    def __init__(self) -> None:
        self._buffered: Counter[Fold] = Counter()
        # Held for moments only, and never while the database is asked; the other by whoever writes.
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._writer: threading.Thread | None = None
        self._is_stopping = threading.Event()

    def record(self, reason: str, subject: str) -> None:
        """Count one refused attempt of this minute."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        self._add({Fold(minute, reason[:64], subject[:64]): 1})

    def flush(self) -> None:
        """Write what is buffered, in one statement. Raises DatabaseError when it cannot; where the database was away, it stays buffered."""
        with self._writing:
            with self._lock:
                counts, self._buffered = self._buffered, Counter()
            try:
                _write(counts)
            except (OperationalError, InterfaceError, InternalError):
                self._add(counts)
                raise

    def forget(self) -> None:
        """Drop what is buffered."""
        with self._lock:
            self._buffered.clear()

    def start(self) -> None:
        """Begin to write about once a second, in a thread beside those that serve; asked from the event loop, as often as one likes."""
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_regularly, name="refusals", daemon=True)
            self._writer.start()
            # For servers that do not say when they stop.
            atexit.register(self.stop)

    def stop(self) -> None:
        """Write what is left and end the thread; give up on a database that takes its time."""
        self._is_stopping.set()
        if self._writer is not None:
            self._writer.join(STOP_SECONDS)

    def _add(self, counts: Mapping[Fold, int]) -> None:
        with self._lock:
            for fold, times in counts.items():
                is_one_too_many = fold not in self._buffered and len(self._buffered) >= MAXIMUM_BUFFERED
                self._buffered[fold._replace(subject=OTHERS) if is_one_too_many else fold] += times

    def _write_regularly(self) -> None:
        is_last = was_refused = False
        while not is_last:
            is_last = self._is_stopping.wait(WRITE_SECONDS)
            try:
                close_old_connections()
                self.flush()
                was_refused = False
            except DatabaseError as error:
                if not was_refused:
                    logger.error("counts of refusals wait to be written: %s", error)  # noqa: TRY400 - no fault of ours
                was_refused = True
        connection.close()


def _write(counts: Mapping[Fold, int]) -> None:
    """Add to what is counted already, but of nobody whose erasure the log records: what was buffered of them goes too."""
    if not counts:
        return
    # Adding to a row that another process made takes an upsert that adds, which the ORM cannot say. In order, so that two
    # processes that write the same rows wait for each other rather than for ever.
    rows = sorted(counts.items())
    minute, player = Refusal._meta.get_field("minute"), AuditEntry._meta.get_field("player")
    values = [
        value
        for fold, times in rows
        for value in (minute.get_db_prep_value(fold.minute, connection), fold.reason, fold.subject, times)
    ]
    table, log = Refusal._meta.db_table, AuditEntry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH fold (minute, reason, subject, count) AS "  # noqa: S608 - our own tables' names
            f"(VALUES {', '.join(['(%s, %s, %s, %s)'] * len(rows))}) "
            f'INSERT INTO "{table}" (minute, reason, subject, count) SELECT minute, reason, subject, count FROM fold '
            f'WHERE NOT EXISTS (SELECT 1 FROM "{log}" WHERE player = %s AND action = %s || fold.subject) '
            f'ON CONFLICT (minute, reason, subject) DO UPDATE SET count = "{table}".count + excluded.count',
            [*values, player.get_db_prep_value(SYSTEM_CHAIN, connection), ERASURE],
        )


#: Of this process.
REFUSALS = RefusalLog()


def record_refusal(reason: str, subject: str) -> None:
    """Count one refused attempt of this minute; it is in the database about a second later."""
    REFUSALS.record(reason, subject)


def flush_refusals() -> None:
    """Write what this process has counted. Raises DatabaseError as RefusalLog.flush does."""
    REFUSALS.flush()


def remove_refusals(subjects: Collection[str]) -> None:
    """Delete what is counted of these subjects, in the transaction that records the erasure; no process adds to it before that ends."""
    if connection.vendor == "postgresql":
        # Who counts meanwhile would not see the record yet. SQLite has but one writer.
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{Refusal._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')
    Refusal.objects.filter(subject__in=subjects).delete()
