"""The one clock of the log: the database's, so that hosts whose clocks differ agree on what came when. On SQLite, the process's."""

import time
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Expression

#: Microseconds since 1970 on PostgreSQL, exact: `extract` gives a numeric there, not a float.
CLOCK_US = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class ClockUs(Expression):
    """The present by the log's clock, for a statement that reads more than it."""

    output_field = BigIntegerField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[int, ...]]:
        return (CLOCK_US, ()) if connection.vendor == "postgresql" else ("%s", (time.time_ns() // 1000,))


def read_us() -> int:
    """The present by the log's clock, in microseconds since 1970."""
    if connection.vendor != "postgresql":
        return time.time_ns() // 1000
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CLOCK_US}")
        [[now_us]] = cursor.fetchall()
    return int(now_us)
