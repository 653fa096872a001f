"""Connections that give up on a database which does not answer in time."""

import time
from contextlib import suppress

import psycopg
import pytest
from django.db import OperationalError, close_old_connections, connection, connections, transaction

from scores.database.availability import Availability, availability, seconds_left, time_limit
from scores.database.postgresql.base import OutOfTime, TimedConnection, WriteUnanswered, telling_unanswered_writes
from scores.database.replica import Replica, replica
from tests.support.postgresql_proxy import AnswerLosingProxy
from tests.support.servers import PostgreSQL

postgresql_only = pytest.mark.postgresql


def select(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_what_takes_longer_than_the_limit_is_given_up_and_the_next_question_gets_its_own_answer() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError, match="timeout expired"), time_limit(0.3):
        select("SELECT 1 FROM pg_sleep(20)")
    assert time.monotonic() - began < 5
    connection.close()
    with time_limit(10):
        assert select("SELECT 2") == (2,)
    # The server goes on sleeping until it is told, or finds nobody to answer.
    select(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(20)' AND pid <> pg_backend_pid()"
    )


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_the_limit_is_one_for_all_that_is_asked() -> None:
    answers: list[object] = []
    with time_limit(0.5), suppress(OperationalError):
        while len(answers) < 20:
            answers.append(select("SELECT 1 FROM pg_sleep(0.1)"))
    connection.close()
    assert len(answers) < 5


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_without_time_nothing_is_sent_nor_is_a_connection_made() -> None:
    connection.close()
    with time_limit(0):
        with pytest.raises(OperationalError) as raised:
            select("SELECT 1")
        assert isinstance(raised.value.__cause__, OutOfTime)
    assert connection.connection is None


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_without_a_limit_a_command_may_take_what_it_takes() -> None:
    assert seconds_left() is None
    assert select("SELECT 1 FROM pg_sleep(0.3)") == (1,)
    assert isinstance(connection.connection, TimedConnection)
    assert connection.connection.operation_seconds is None


@postgresql_only
def test_a_connection_that_is_accepted_and_never_answered_is_given_up_too(postgresql: PostgreSQL) -> None:
    with AnswerLosingProxy(postgresql.port) as proxy:
        proxy.lose_answers()
        began = time.monotonic()
        with pytest.raises(OutOfTime), time_limit(0.3):
            TimedConnection.connect(f"postgresql://scoreboard@127.0.0.1:{proxy.port}/scoreboard", connect_timeout=30)
        assert time.monotonic() - began < 5


@postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("known", "alias"), [(availability, "default"), (replica, "replica")])
def test_a_connection_from_before_the_database_was_lost_is_not_even_asked_whether_it_is_usable(
    monkeypatch: pytest.MonkeyPatch, known: Availability | Replica, alias: str
) -> None:
    monkeypatch.setattr(connections["default"], "alias", alias)
    monkeypatch.setattr(known, "lost_at", known.lost_at)
    pid = select("SELECT pg_backend_pid()")
    close_old_connections()
    assert select("SELECT pg_backend_pid()") == pid
    known.record_failure()
    close_old_connections()
    assert connection.connection is None
    newer = select("SELECT pg_backend_pid()")
    close_old_connections()
    assert select("SELECT pg_backend_pid()") == newer != pid


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_a_commit_that_was_refused_is_no_unknown_outcome() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE deferred (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(Exception, match="duplicate key") as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO deferred VALUES (1), (1)")
    assert not isinstance(raised.value, WriteUnanswered)


@pytest.mark.parametrize(
    ("cause", "is_unknown"),
    [
        (psycopg.OperationalError("server closed the connection"), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.errors.StatementCompletionUnknown(), True),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.LockNotAvailable(), False),
        (psycopg.errors.AdminShutdown(), False),
        (psycopg.errors.ReadOnlySqlTransaction(), False),
        (OutOfTime(), False),
        (ValueError(), False),
    ],
)
def test_only_what_the_server_left_open_is_unknown(cause: Exception, is_unknown: bool) -> None:
    def fail() -> None:
        raise OperationalError("it failed") from cause

    with pytest.raises(OperationalError) as raised, telling_unanswered_writes():
        fail()
    assert isinstance(raised.value, WriteUnanswered) == is_unknown
