"""Django's SQLite, in files that only their owner may read: they hold password hashes, sessions and the log."""

import contextlib
import os
import sqlite3
from pathlib import Path

from django.db.backends.sqlite3 import base

from scores.database import ConnectionOptions


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: ConnectionOptions) -> sqlite3.Connection:
        if not self.is_in_memory_db():
            keep_private(Path(conn_params["database"]))
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        return connection


def keep_private(database: Path) -> None:
    """Make the file before SQLite does, whose own would be everybody's to read, and put right what is there already.

    What SQLite makes beside it has the rights that the file has. A place that cannot be is SQLite's to complain about.
    """
    with contextlib.suppress(OSError):
        # Never one that is there: whoever closes a file gives up all locks that the process has on it, SQLite's too. The next
        # process to leave would take itself for the last one, and the log (-wal) of what was committed since for nobody's.
        os.close(os.open(database.resolve(), os.O_CREAT | os.O_EXCL, 0o600))
    for path in (database, *(Path(f"{database}-{suffix}") for suffix in ("wal", "shm", "journal"))):
        with contextlib.suppress(OSError):
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
