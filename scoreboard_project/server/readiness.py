"""What must hold before this machine may serve: the database within reach and up to date, its keys here, and the clock right.

And the watch over it.
"""

import logging
import threading
import time
from datetime import timedelta

from django.db import ProgrammingError, close_old_connections, connection
from django.db.migrations.executor import MigrationExecutor

from audit import clock
from audit.keys import load_keyring
from audit.models import AuditEntry
from scoreboard_project.server.operator_errors import MIGRATE
from scores import metrics
from scores.board import standings
from scores.database import pooling, replica
from scores.database.availability import SILENCE_SECONDS, Availability, time_limit
from scores.integrity.ledger_keys import find_missing_ledger_key

logger = logging.getLogger(__name__)

#: Tokens are judged by a machine's own clock; a node of a cluster may be this far from the database's.
MAXIMUM_DRIFT = timedelta(seconds=30)
#: A standby that took over may be a little behind; what is further was written under a wrong clock.
MAXIMUM_LEAD = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)
WATCH_SECONDS = 0.5
#: Whether tables and keys are those that this release needs is looked at less often: it takes more than the rest together.
CONDITIONS_SECONDS = 10.0


class DatabaseWatch:
    """Asks the database for the board twice a second, in a thread and over a connection of its own.

    So everybody else knows whether it answers without asking it, and the last board there is is never old.
    """

    def __init__(self, availability: Availability) -> None:
        self._availability = availability
        self._ended = threading.Event()
        self._looked = threading.Event()
        self._conditions_seen_at = -CONDITIONS_SECONDS
        self._is_heard = True
        self._knows_sessions = False
        self._replica_state = "ok"

    def start(self, *, timeout: float) -> None:
        """Begin, and wait for the first answer for so many seconds at most."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        if not self._looked.wait(timeout):
            self._availability.record_failure()
        self._availability.is_watched = True

    def stop(self) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            fault = self._look()
            if fault is not None and self._is_heard:
                logger.warning("the database is away: %s", fault)
            elif fault is None and not self._is_heard:
                logger.warning("the database answers again")
            self._is_heard = fault is None
            self._looked.set()
            self._ended.wait(WATCH_SECONDS)
        connection.close()

    def _look(self) -> Exception | None:
        """What kept the database from answering, if it did not."""
        try:
            with time_limit(SILENCE_SECONDS):
                close_old_connections()
                self._look_at_start_conditions()
                standings.refresh_snapshot()
        except ProgrammingError:
            # It does answer, if only that a table is missing.
            self._conditions_seen_at = -CONDITIONS_SECONDS
        except Exception as error:  # noqa: BLE001 - the watch outlives whatever it meets, or nobody would look any more
            self._availability.record_failure()
            return error
        self._availability.record_answer()
        return self._look_at_replica()

    def _look_at_replica(self) -> Exception | None:
        """What kept the primary from saying how far it is, if it did not."""
        if not replica.is_configured():
            return None
        try:
            with time_limit(SILENCE_SECONDS):
                replica.compare()
        except Exception as error:  # noqa: BLE001 - as above
            return error
        lag = replica.replica.lag_seconds
        metrics.REPLICA_LAG.set(-1 if lag is None else lag)
        if replica.replica.state != self._replica_state:
            self._replica_state = replica.replica.state
            logger.warning("the replica is %s", self._replica_state)
        return None

    def _look_at_start_conditions(self) -> None:
        if time.monotonic() - self._conditions_seen_at > CONDITIONS_SECONDS:
            known = self._availability
            self._look_for_pooler()
            known.is_migrated = is_migrated()
            known.missing_ledger_key = find_missing_ledger_key(load_keyring()) if known.is_migrated else None
            if known.is_migrated and known.missing_ledger_key is None:
                self._conditions_seen_at = time.monotonic()

    def _look_for_pooler(self) -> None:
        """Once: afterwards the first statement that misses its session tells."""
        if not self._knows_sessions and (fault := pooling.find_pooler_fault()) is not None:
            self._availability.record_shared_sessions()
            logger.warning("%s Until then some updates are refused.", fault)
        self._knows_sessions = True


def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def find_migration_fault() -> str | None:
    """That migrations are missing, as a sentence; None where none is. Raises what the database raises while it is out of reach."""
    connection.ensure_connection()
    return None if is_migrated() else f"{MIGRATE}."


def find_clock_fault() -> str | None:
    """A clock that disagrees with the database's, or that lies behind what the log holds already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            drift = timedelta(seconds=time.time() - float(cursor.fetchone()[0]))
        if abs(drift) > MAXIMUM_DRIFT:
            return f"This machine's clock is {drift} off the database server's. Set both by NTP."
    newest = AuditEntry.objects.order_by("-pk").values_list("at_us", flat=True).first()
    lead = ((newest or 0) - clock.read_us()) * MICROSECOND
    if lead > MAXIMUM_LEAD:
        return (
            f"This machine's clock is {lead} behind the newest entry of the log. Set it by NTP; if it is right, the entry "
            "was written under a wrong one: --despite-clock starts all the same."
        )
    return None
