"""Django's backend for PostgreSQL with connections that give up on a server that does not answer.

A server whose processes are stopped still acknowledges every packet, so no timeout of TCP ends the wait for it, nor does any
of its own. Only who waits can: within the limit of `availability.time_limit`, and within `operation_seconds` of the OPTIONS.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg.abc import RV, PQGen, PQGenConn

from scores.database import ConnectionOptions, pooling
from scores.database.availability import availability, seconds_left
from scores.database.postgresql import hosts
from scores.database.replica import ALIAS, replica

#: The server or a pooler says that it does not know what became of a statement.
UNKNOWN_STATES = ("08", "40003")


class WriteUnanswered(OperationalError):
    """A write was sent and no answer came: it may have been done, or may yet be done."""


class OutOfTime(psycopg.OperationalError):
    """There was no time left to ask the database; nothing was sent."""


class TimedConnection(psycopg.Connection[Any]):
    """A connection that is closed as soon as an answer takes too long: whatever came later would answer another question."""

    operation_seconds: float | None = None

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        attempt = hosts.Attempt(conninfo)
        connecting = super()._connect_gen(conninfo)
        try:
            waiting_for = next(connecting)
            while True:
                check_time_left()
                attempt.note_wait()
                waiting_for = connecting.send((yield waiting_for))
        except StopIteration as end:
            attempt.note_connection()
            connection: Self = end.value
            return connection
        except OutOfTime:
            raise
        except psycopg.OperationalError:
            attempt.note_refusal()
            raise

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            check_time_left()
            limits = [limit for limit in (seconds_left(), self.operation_seconds, timeout) if limit is not None]
            return super().wait(gen, interval, min(limits, default=None))
        except psycopg.OperationalError as error:
            if error.sqlstate is None:
                self.close()
            raise


class ErrorWrapper(DatabaseErrorWrapper):
    """Django's, which also knows by what it says a pooler that we were not told of. Raises SessionsShared for it."""

    def __init__(self, database: base.DatabaseWrapper) -> None:
        super().__init__(database)
        self._database = database

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if isinstance(error, psycopg.Error) and not pooling.is_pooled(self._database) and pooling.is_told_by(error):
            self._database.errors_occurred = True
            availability.record_shared_sessions()
            raise pooling.SessionsShared(f"{pooling.ADVICE} ({error})") from error
        super().__exit__(kind, error, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL. In its OPTIONS `operation_seconds` bounds each wait for an answer, `session` holds settings of PostgreSQL for all
    that is asked, and `pooled` says that a session is not ours to leave anything in.
    """

    #: In monotonic seconds.
    _connected_at = 0.0

    @cached_property
    def wrap_database_errors(self) -> ErrorWrapper:
        return ErrorWrapper(self)

    def get_connection_params(self) -> ConnectionOptions:
        params: ConnectionOptions = super().get_connection_params()
        session = params.pop("session", {})
        if not params.pop("pooled", False):
            own = " ".join(f"-c {name}={value}" for name, value in session.items())
            params["options"] = f"{params.get('options', '')} {own}".strip()
        return params

    def chunked_cursor(self) -> Any:
        # Outside of a transaction it is the session that keeps a cursor of the server.
        if pooling.is_pooled(self) and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()

    def get_new_connection(self, conn_params: ConnectionOptions) -> TimedConnection:
        seconds = conn_params.pop("operation_seconds", None)
        self.isolation_level = IsolationLevel.READ_COMMITTED
        connection = TimedConnection.connect(**hosts.order_hosts(conn_params))
        hosts.record_connection(conn_params, connection.info.host, connection.info.port)
        connection.operation_seconds = seconds
        self._connected_at = time.monotonic()
        return connection

    def close_if_unusable_or_obsolete(self) -> None:
        # To ask one whether it is usable takes all the time a request has, where the server hangs that it leads to.
        lost_at = replica.lost_at if self.alias == ALIAS else availability.lost_at
        if self.connection is not None and self._connected_at < lost_at:
            self.close()
        super().close_if_unusable_or_obsolete()

    def commit(self) -> None:
        try:
            with telling_unanswered_writes():
                super().commit()
        except WriteUnanswered:
            self.close()
            # Or Django would connect anew to leave the transaction, and tell of that failure instead.
            self.closed_in_transaction = True
            raise


def check_time_left() -> None:
    """Check that there is time to ask the database. Raises OutOfTime when the limit is used up."""
    left = seconds_left()
    if left is not None and left <= 0:
        raise OutOfTime("no time is left to ask it")


@contextmanager
def telling_unanswered_writes() -> Iterator[None]:
    """Tell a commit that failed from one of which nothing is known.

    Raises WriteUnanswered when the database did not say what became of it.
    """
    try:
        yield
    except OperationalError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or isinstance(cause, OutOfTime):
            raise
        if isinstance(error, pooling.SessionsShared):
            raise
        if cause.sqlstate is not None and not cause.sqlstate.startswith(UNKNOWN_STATES):
            raise
        raise WriteUnanswered(str(error)) from error
