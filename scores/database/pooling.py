"""A pooler in transaction mode, PgBouncer for one, between us and PostgreSQL: each transaction may meet another session.

Then nothing may be left in a session: no settings, no named prepared statements, no cursors that outlive a transaction. With
DATABASE_POOLED on, nothing is. While it is off, this module tells where it should be on.
"""

import psycopg
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from scores.database.availability import time_limit

ADVICE = "A pooler stands between this server and PostgreSQL and shares out its sessions: set DATABASE_POOLED=on"
#: A prepared statement or a cursor was looked for in another session than its own, or was there in somebody else's name.
STATES = frozenset({"26000", "42P05", "34000"})
#: The same where the state says less; and what PgBouncer answers to settings of a session.
WORDS = ('prepared statement "_pg3_', "unsupported startup parameter")
#: How often two connections are compared, and for how long at most: a pooler with nothing else to do lends the same session out again.
COMPARISONS = 5
COMPARING_SECONDS = 1.0
ASK_SESSION = "SELECT pg_backend_pid(), pg_postmaster_start_time()"


class SessionsShared(OperationalError):
    """What was left in a session is not there any more: it was another one, or somebody else's meanwhile."""


def is_pooled(database: BaseDatabaseWrapper) -> bool:
    """Whether we were told to leave nothing in a session."""
    return bool(database.settings_dict["OPTIONS"].get("pooled"))


def is_told_by(error: psycopg.Error) -> bool:
    """Whether what went wrong is what goes wrong where sessions are shared."""
    return error.sqlstate in STATES or any(word in str(error) for word in WORDS)


def find_pooler_fault() -> str | None:
    """Say in a sentence that sessions are shared although DATABASE_POOLED is off; None where that is not so or cannot be told just now.

    Raises what the database raises when it cannot be asked at all.
    """
    if connection.vendor != "postgresql" or is_pooled(connection) or _meets_own_session():
        return None
    other = connection.copy()
    try:
        with time_limit(COMPARING_SECONDS):
            pairs = [(_ask_session(connection), _ask_session(other)) for _ in range(COMPARISONS)]
    except OperationalError:
        # Each connection has a session of its own, and there is none left for the second one.
        return None
    finally:
        other.close()
    one, another = map(set, zip(*pairs, strict=True))
    return f"{ADVICE}." if one & another else None


def _meets_own_session() -> bool:
    """Whether PostgreSQL itself answers: a pooler gives its clients numbers of its own."""
    pid, _ = _ask_session(connection)
    return bool(connection.connection.info.backend_pid == pid)


def _ask_session(database: BaseDatabaseWrapper) -> tuple[int, object]:
    with database.cursor() as cursor:
        cursor.execute(ASK_SESSION)
        pid, started_at = cursor.fetchone()
    return pid, started_at
