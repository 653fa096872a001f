"""Refusals are counted in memory and written about once a second: none is lost, none is counted twice, memory has an end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries

from audit.models import Refusal
from audit.refusals import MAXIMUM_BUFFERED, OTHERS, RefusalLog, flush_refusals, record_refusal
from tests.support.http_client import ask
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer

TOP = "/api/score/top"


def count_written(**conditions: str) -> int:
    return Refusal.objects.filter(**conditions).aggregate(total=Sum("count"))["total"] or 0


@pytest.mark.django_db
def test_being_refused_asks_the_database_nothing_and_writing_is_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        for number in range(500):
            record_refusal("cooldown", f"player {number % 5}")
        record_refusal("daily_cap", "player 1")
    with django_assert_num_queries(1):
        flush_refusals()
    with django_assert_num_queries(0):
        flush_refusals()
    assert [count_written(reason="cooldown", subject=f"player {number}") for number in range(5)] == [100] * 5
    assert count_written(reason="daily_cap") == 1


@pytest.mark.django_db
def test_processes_add_to_each_others_counts() -> None:
    for _ in range(3):
        process = RefusalLog()
        process.record("cooldown", "ada")
        process.record("cooldown", "ada")
        process.flush()
    assert count_written(reason="cooldown", subject="ada") == 6


@pytest.mark.django_db
def test_what_a_database_that_is_away_did_not_take_is_written_later_once() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("away")

    record_refusal("cooldown", "ada")
    with connection.execute_wrapper(refuse):
        for _ in range(2):
            with pytest.raises(OperationalError):
                flush_refusals()
            record_refusal("cooldown", "ada")
    assert Refusal.objects.count() == 0
    flush_refusals()
    flush_refusals()
    assert count_written(reason="cooldown", subject="ada") == 3


@pytest.mark.django_db
def test_a_flood_of_strangers_takes_bounded_memory_and_no_count_is_lost() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("away")

    log = RefusalLog()
    log.record("cooldown", "ada")
    for turn in range(3):
        for number in range(MAXIMUM_BUFFERED):
            log.record("rate_limited", f"stranger {turn} {number}")
        with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
            log.flush()
    log.record("cooldown", "ada")
    assert len(log._buffered) < MAXIMUM_BUFFERED + 10
    log.flush()
    assert count_written(reason="rate_limited") == 3 * MAXIMUM_BUFFERED
    assert count_written(reason="rate_limited", subject=OTHERS) >= 2 * MAXIMUM_BUFFERED
    assert count_written(reason="cooldown", subject="ada") == 2


@pytest.mark.django_db(transaction=True)
def test_what_threads_count_while_it_is_written_is_kept() -> None:
    def record(_: int) -> None:
        for _ in range(500):
            record_refusal("cooldown", "ada")

    with ThreadPoolExecutor(4) as threads:
        recording = [threads.submit(record, number) for number in range(4)]
        while not all(future.done() for future in recording):
            flush_refusals()
    flush_refusals()
    assert count_written(reason="cooldown", subject="ada") == 2_000


@pytest.mark.django_db(transaction=True)
def test_a_server_writes_within_a_second_or_so_and_the_rest_when_it_stops(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server = scoreboard_server(READ_RATE="1/d")
    assert [ask(server, "GET", TOP)[0].status for _ in range(2)] == [200, 429]
    wait_until(lambda: count_written(reason="rate_limited", subject="127.0.0.1") == 1, seconds=10, what="Writing")
    assert ask(server, "GET", TOP)[0].status == 429
    server.stop()
    assert count_written(reason="rate_limited", subject="127.0.0.1") == 2
    assert "Traceback" not in server.log
