"""Of several hosts, one that could not be connected to is not tried first again, and one that could is."""

from collections.abc import Iterator

import pytest

from scores.database import ConnectionOptions
from scores.database.postgresql import hosts
from scores.database.postgresql.hosts import order_hosts, record_connection, record_failure

THREE: ConnectionOptions = {"host": "h1,h2,::1", "port": "5432,5433,5432", "dbname": "scores"}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    hosts._passed_over.clear()


def order(params: ConnectionOptions) -> tuple[str, str]:
    ordered = order_hosts(params)
    assert ordered.keys() == params.keys()
    assert ordered["dbname"] == params["dbname"]
    return ordered["host"], ordered["port"]


def test_they_are_tried_in_the_order_in_which_they_are_named() -> None:
    assert order(THREE) == ("h1,h2,::1", "5432,5433,5432")


def test_after_each_failure_the_next_is_the_first() -> None:
    seen = []
    for _ in range(4):
        record_failure(THREE)
        seen.append(order(THREE)[0])
    assert seen == ["h2,::1,h1", "::1,h1,h2", "h1,h2,::1", "h2,::1,h1"]
    assert order(THREE) == ("h2,::1,h1", "5433,5432,5432")


def test_who_answered_is_asked_first_until_it_fails() -> None:
    record_connection(THREE, "::1", 5432)
    assert order(THREE) == ("::1,h1,h2", "5432,5432,5433")
    record_connection(THREE, "h1", 5432)
    assert order(THREE) == ("h1,h2,::1", "5432,5433,5432")


def test_one_that_is_not_among_them_changes_nothing() -> None:
    record_connection(THREE, "h1", 5433)
    record_connection(THREE, "/run/postgresql", 5432)
    assert order(THREE)[0] == "h1,h2,::1"


def test_one_port_is_that_of_all() -> None:
    both: ConnectionOptions = {"host": "h1,h2", "port": "6000", "dbname": "scores"}
    record_failure(both)
    assert order(both) == ("h2,h1", "6000,6000")


def test_the_hosts_of_another_database_have_an_order_of_their_own() -> None:
    record_failure(THREE)
    assert order({"host": "h1,h2", "port": "5432,5432", "dbname": "scores"})[0] == "h1,h2"


@pytest.mark.parametrize("one", [{"host": "h1", "port": "5432", "dbname": "scores"}, {"dbname": "scores"}])
def test_one_host_is_as_it_is_named(one: ConnectionOptions) -> None:
    record_failure(one)
    record_connection(one, "h1", 5432)
    assert order_hosts(one) is one
