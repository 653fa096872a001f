"""Of several hosts, those that keep silent are tried last, and the one that was connected to is tried first."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from scores.database import ConnectionOptions
from scores.database.availability import time_limit
from scores.database.postgresql import hosts
from scores.database.postgresql.base import OutOfTime, TimedConnection
from scores.database.postgresql.hosts import SILENCE_SECONDS, Attempt, order_hosts, record_connection
from tests.support.clock import MonotonicClock
from tests.support.postgresql_proxy import AnswerLosingProxy
from tests.support.servers import PostgreSQL

THREE: ConnectionOptions = {"host": "h1,h2,::1", "port": "5432,5433,5432", "dbname": "scores"}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    hosts._silent_at.clear()
    hosts._connected.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MonotonicClock:
    clock = MonotonicClock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def order(params: ConnectionOptions) -> tuple[str, str]:
    ordered = order_hosts(params)
    assert ordered.keys() == params.keys()
    assert ordered["dbname"] == params["dbname"]
    return ordered["host"], ordered["port"]


def keep_silent(clock: MonotonicClock, host: str, *, port: int = 5432) -> Attempt:
    attempt = Attempt(f"host={host} port={port} dbname=scores")
    attempt.note_wait()
    clock.now += SILENCE_SECONDS + 0.1
    attempt.note_wait()
    return attempt


def test_they_are_tried_in_the_order_in_which_they_are_named() -> None:
    assert order(THREE) == ("h1,h2,::1", "5432,5433,5432")


def test_one_that_keeps_silent_is_tried_last_while_others_still_wait_for_it(clock: MonotonicClock) -> None:
    keep_silent(clock, "h1")
    assert order(THREE) == ("h2,::1,h1", "5433,5432,5432")


def test_where_all_keep_silent_the_one_asked_longest_ago_is_first(clock: MonotonicClock) -> None:
    keep_silent(clock, "h1")
    keep_silent(clock, "::1")
    keep_silent(clock, "h2", port=5433)
    assert order(THREE)[0] == "h1,::1,h2"
    keep_silent(clock, "h1")
    assert order(THREE)[0] == "::1,h2,h1"


def test_a_short_wait_is_no_silence(clock: MonotonicClock) -> None:
    attempt = Attempt("host=h1 port=5432")
    clock.now += SILENCE_SECONDS - 0.1
    attempt.note_wait()
    assert order(THREE)[0] == "h1,h2,::1"


def test_one_that_speaks_again_has_its_place_again(clock: MonotonicClock) -> None:
    keep_silent(clock, "h1").note_connection()
    assert order(THREE)[0] == "h1,h2,::1"
    keep_silent(clock, "h1")
    Attempt("host=h1 port=5432").note_refusal()
    assert order(THREE)[0] == "h1,h2,::1"


def test_a_network_that_gives_up_on_one_is_not_that_one_speaking(clock: MonotonicClock) -> None:
    keep_silent(clock, "h1").note_refusal()
    assert order(THREE)[0] == "h2,::1,h1"


def test_who_was_connected_to_is_asked_first() -> None:
    record_connection(THREE, "::1", 5432)
    assert order(THREE) == ("::1,h1,h2", "5432,5432,5433")
    record_connection(THREE, "h1", 5432)
    assert order(THREE) == ("h1,h2,::1", "5432,5433,5432")


def test_who_was_connected_to_is_asked_last_once_it_keeps_silent(clock: MonotonicClock) -> None:
    record_connection(THREE, "h2", 5433)
    keep_silent(clock, "h2", port=5433)
    assert order(THREE)[0] == "h1,::1,h2"


def test_one_that_is_not_among_them_changes_nothing() -> None:
    record_connection(THREE, "h1", 5433)
    record_connection(THREE, "/run/postgresql", 5432)
    assert order(THREE)[0] == "h1,h2,::1"


def test_one_port_is_that_of_all(clock: MonotonicClock) -> None:
    both: ConnectionOptions = {"host": "h1,h2", "port": "6000", "dbname": "scores"}
    keep_silent(clock, "h1", port=6000)
    assert order(both) == ("h2,h1", "6000,6000")


def test_who_wants_a_standby_of_the_same_hosts_has_an_order_of_its_own() -> None:
    record_connection({**THREE, "target_session_attrs": "read-write"}, "h2", 5433)
    assert order({**THREE, "target_session_attrs": "prefer-standby"})[0] == "h1,h2,::1"
    assert order({**THREE, "target_session_attrs": "read-write"})[0] == "h2,h1,::1"


@pytest.mark.parametrize("one", [{"host": "h1", "port": "5432", "dbname": "scores"}, {"dbname": "scores"}])
def test_one_host_is_as_it_is_named(clock: MonotonicClock, one: ConnectionOptions) -> None:
    keep_silent(clock, "h1")
    record_connection(one, "h1", 5432)
    assert order_hosts(one) is one


@pytest.mark.postgresql
def test_a_real_server_that_hangs_is_tried_last_and_no_time_at_all_is_no_silence(postgresql: PostgreSQL) -> None:
    with AnswerLosingProxy(postgresql.port) as proxy:
        proxy.lose_answers()
        both: ConnectionOptions = {
            "host": "127.0.0.1,127.0.0.1",
            "port": f"{proxy.port},{postgresql.port}",
            "user": "scoreboard",
            "dbname": "postgres",
            "connect_timeout": 2,
        }
        with pytest.raises(OutOfTime), time_limit(0):
            TimedConnection.connect(**order_hosts(both))
        assert order_hosts(both)["port"] == f"{proxy.port},{postgresql.port}"
        with pytest.raises(OutOfTime), time_limit(SILENCE_SECONDS + 0.5):
            TimedConnection.connect(**order_hosts(both))
        assert order_hosts(both)["port"] == f"{postgresql.port},{proxy.port}"
        with time_limit(SILENCE_SECONDS + 0.5), TimedConnection.connect(**order_hosts(both)) as connection:
            assert connection.info.port == postgresql.port


@pytest.mark.postgresql
def test_one_that_is_no_primary_is_not_silent(postgresql: PostgreSQL) -> None:
    url = f"{postgresql.database_url('postgres')}?target_session_attrs=standby"
    hosts._silent_at[hosts.Host("127.0.0.1", str(postgresql.port))] = 1.0
    with pytest.raises(psycopg.OperationalError, match="not in hot standby mode"):
        TimedConnection.connect(url)
    assert hosts._silent_at == {}
