"""Turns the clock of the log: history is written through the services, at the times it is to have happened at."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import connection

from audit.times import to_us

#: Found before PostgreSQL's own for as long as this session's search path says so.
TURNED = """
CREATE SCHEMA IF NOT EXISTS turned_clock;
CREATE OR REPLACE FUNCTION turned_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    $$ SELECT to_timestamp(0) + current_setting('turned_clock.now_us')::bigint * interval '1 microsecond' $$;
SET search_path = turned_clock, pg_catalog, public;
"""
real_time_ns = time.time_ns


class MonotonicClock:
    """Stands for `time.monotonic`, and goes on when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def turn_clock(moment: datetime) -> None:
    """The log's clock stands at this moment until it is turned again or back."""
    at_us = to_us(moment)
    time.time_ns = lambda: at_us * 1000  # SQLite's log goes by the clock of the process
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(TURNED)
            cursor.execute(f"SET turned_clock.now_us = {at_us:d}")


def turn_clock_back() -> None:
    """The log's clock goes right again."""
    time.time_ns = real_time_ns
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")


#: As above, for every session of the database that begins from now on; this one goes on by itself.
SHIFTED = """
CREATE SCHEMA shifted_clock;
CREATE TABLE shifted_clock.shift (by_us bigint NOT NULL);
INSERT INTO shifted_clock.shift VALUES (0);
CREATE FUNCTION shifted_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    $$ SELECT pg_catalog.clock_timestamp() + (SELECT by_us FROM shifted_clock.shift) * interval '1 microsecond' $$;
"""


@contextlib.contextmanager
def shiftable_clock() -> Iterator[Callable[[datetime], None]]:
    """The clock of the database itself, for servers and commands that start within: to be set to a moment, from which it goes on.

    PostgreSQL only, in tests with real commits.
    """
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(SHIFTED)
        cursor.execute(f"ALTER DATABASE {database} SET search_path = shifted_clock, pg_catalog, public")
    connection.close()
    try:
        yield _shift_clock
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {database} RESET search_path")
            cursor.execute("DROP SCHEMA shifted_clock CASCADE")
        connection.close()


def _shift_clock(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shifted_clock.shift SET by_us = %s - extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000",
            [to_us(moment)],
        )
