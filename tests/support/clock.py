"""Turns the clock of the log: history is written through the services, at the times it is to have happened at."""

import time
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
