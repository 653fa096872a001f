"""Several at once: threads that give their connection back, and waiting until one of them waits for another."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from django.db import IntegrityError, connection

from scores.errors import TokenInvalid


def in_threads(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Runs act(0..count-1) at the same moment; each thread gives its database connection back."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        gate.wait(30)
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def in_another_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """What it answers or raises, once it has ended."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(act())
        except (IntegrityError, TokenInvalid) as error:
            outcome.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def wait_until_blocked(statement: str = "FOR UPDATE", count: int = 1) -> None:
    """Until so many statements that hold these words wait for a lock of somebody else. PostgreSQL only."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as observer:
        observer.autocommit = True
        for _ in range(2000):
            row = observer.execute(blocked, [f"%{statement}%"]).fetchone()
            if row and row[0] >= count:
                return
            observer.execute("SELECT pg_sleep(0.005)")
    raise AssertionError(f"fewer than {count} waited for a lock")


async def off_the_loop(act: Callable[..., Any], *arguments: Any) -> Any:
    """Asks the database in another thread, as an event loop must; the thread gives its connection back."""

    def run() -> Any:
        try:
            return act(*arguments)
        finally:
            connection.close()

    return await asyncio.to_thread(run)
