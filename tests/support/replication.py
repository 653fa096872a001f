"""A standby of a real PostgreSQL: streaming replication, promoted where a test says so."""

import psycopg

from tests.support.processes import wait_until
from tests.support.servers import PostgreSQL, run

NAME = "standby"
STATE = "SELECT sync_state FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"


class Standby(PostgreSQL):
    """A copy of a running primary, which it follows from its start on."""

    name = "The standby"

    def __init__(self, primary: PostgreSQL) -> None:
        super().__init__()
        self._primary = primary

    def start(self) -> None:
        if not self._data.exists():
            source = f"host=127.0.0.1 port={self._primary.port} user=scoreboard application_name={NAME}"
            options = ["--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf"]
            run([self.bin / "pg_basebackup", "--pgdata", self._data, *options, "--dbname", source], self.user)
        super().start()
        wait_until(lambda: self._state() is not None, seconds=20, what="The streaming to the standby")

    def make_synchronous(self) -> None:
        """From now on a commit of the primary waits until it is on this one's disk too."""
        with psycopg.connect(self._primary.database_url("postgres"), autocommit=True) as primary:
            primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'".encode())
            primary.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self._state() == "sync", seconds=20, what="The synchronous standby")

    def promote(self) -> None:
        """Make it the primary, and wait until it takes writes."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as database:
            database.execute("SELECT pg_promote(true, 30)")
            # Copied from the primary with the rest, where the standby was made synchronous before.
            database.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            database.execute("SELECT pg_reload_conf()")

    def _state(self) -> str | None:
        with psycopg.connect(self._primary.database_url("postgres"), autocommit=True) as primary:
            row = primary.execute(STATE, [NAME]).fetchone()
        return str(row[0]) if row else None
