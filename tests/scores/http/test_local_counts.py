"""Counts that a process keeps by itself: nobody's is washed away, nobody's touches another's, and memory has an end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from pytest_django import Settings

from scores.http.limits import count, limits_are_shared
from scores.http.local_counts import SHARED_COUNTERS, TOLD_APART, LocalCounts
from tests.support.plugin import Profile
from tests.support.processes import wait_until

DAY = 86_400


def test_no_number_of_others_makes_a_limit_forget() -> None:
    counts = LocalCounts(DAY)
    assert counts.count("ada", 3) == 3
    for number in range(TOLD_APART + 10_000):
        counts.count(f"stranger {number}", 1)
    assert counts.count("ada", 1) == 4


def test_above_the_bound_newcomers_share_counters_and_none_is_counted_too_low() -> None:
    counts = LocalCounts(DAY)
    for number in range(TOLD_APART):
        counts.count(f"stranger {number}", 1)
    newcomers = [f"newcomer {number}" for number in range(SHARED_COUNTERS // 4)]
    for turn in (1, 2):
        counted = [counts.count(newcomer, 1) for newcomer in newcomers]
        assert min(counted) >= turn
    assert len(counts._present) <= TOLD_APART + SHARED_COUNTERS
    assert sum(after == 2 for after in counted) > len(newcomers) / 2


def test_a_count_lives_for_a_window_and_is_dropped_after_the_next() -> None:
    counts = LocalCounts(1)
    assert counts.count("ada", 5) == 5
    assert counts.count("ada", 1) == 6
    began = counts._age
    wait_until(
        lambda: counts.count("ben", 1) > 0 and counts._age > began + 1, seconds=10, what="The end of two windows"
    )
    assert counts.count("ada", 1) == 1


def test_threads_that_count_at_once_lose_nothing() -> None:
    counts = LocalCounts(DAY)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counts.count("ada", 1), range(4_000)))
    assert counts.count("ada", 1) == 4_001


@pytest.fixture
def without_valkey(profile: Profile) -> Iterator[None]:
    """In the small installation there is none; elsewhere it is out of reach."""
    if profile.valkey is None:
        yield
        return
    profile.valkey.stop()
    yield
    profile.valkey.start()

    def is_shared_again() -> bool:
        count("read", "9/d", ["192.0.2.1"])
        return limits_are_shared()

    wait_until(is_shared_again, seconds=10, what="Counting together")


@pytest.mark.django_db
def test_a_thousand_other_logins_do_not_lift_the_limit_of_a_login(without_valkey: None, settings: Settings) -> None:
    settings.LOGIN_RATE, settings.LOGIN_ADDRESS_RATE = "2/d", None

    def sign_in(username: str) -> int:
        body = {"username": username, "password": "wrong password"}
        return Client().post("/api/token", body, content_type="application/json").status_code

    assert [sign_in("ada") for _ in range(3)] == [401, 401, 429]
    for number in range(1_000):
        count("login", "2/d", [f"stranger {number} 192.0.2.1"])
        count("read", "2/d", [f"192.0.2.{number}"])
    assert sign_in("ada") == 429
