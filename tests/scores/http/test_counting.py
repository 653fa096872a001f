"""Counts are one for all processes where there is a server, and one for this process where there is none or it is away."""

import time
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import caches

from scores.http import counting
from scores.http.counting import Count, CountingCache, LimitServer
from tests.support.processes import wait_until
from tests.support.servers import Valkey


@pytest.fixture
def key() -> str:
    return f"rl:{uuid4()}"


def test_many_subjects_are_counted_at_once_each_for_itself(key: str) -> None:
    cache = CountingCache("", {})
    asked = [Count(f"{key}:ada", 60, 2), Count(f"{key}:ben", 60, 1), Count(f"{key}:ada", 60, 1)]
    assert cache.count("test", asked) == [2, 1, 3]
    assert cache.count("test", [Count(f"{key}:ada", 60, 0), Count(f"{key}:cleo", 60, 0)]) == [3, 0]
    assert cache.count("another", [Count(f"{key}:ada", 60, 1)]) == [1]


def test_a_number_is_remembered_until_it_is_forgotten(key: str) -> None:
    limits = caches["limits"]
    assert limits.get(key, "nothing") == "nothing"
    limits.set(key, 7, 60)
    assert limits.get(key) == 7
    limits.clear()
    assert limits.get(key) is None


@pytest.mark.any_database
@pytest.mark.postgresql
def test_two_that_share_a_server_count_together_and_a_window_ends(key: str) -> None:
    one, other = LimitServer(settings.REDIS_URL), LimitServer(settings.REDIS_URL)
    assert one.count([Count(key, 1, 1)]) == [1]
    assert other.count([Count(key, 1, 2), Count(f"{key}:other", 1, 1)]) == [3, 1]
    wait_until(lambda: one.count([Count(key, 1, 0)]) == [0], seconds=5, what="The end of the window")
    one.remember(key, 7, 60)
    assert other.recall(key) == 7
    assert other.recall(f"{key}:other") in {1, None}


@pytest.mark.any_database
@pytest.mark.postgresql
def test_while_it_is_away_nobody_waits_twice_and_it_is_found_again(
    key: str, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counting, "RETRY_SECONDS", 0.1)
    server = LimitServer(valkey.url)
    valkey.stop()
    try:
        assert (server.count([Count(key, 60, 1)]), server.within_reach) == (None, False)
        began = time.monotonic()
        assert [server.count([Count(key, 60, 1)]) for _ in range(100)] == [None] * 100
        assert time.monotonic() - began < 0.2
    finally:
        valkey.start()
    wait_until(lambda: server.within_reach, seconds=10, what="The return")
    assert server.count([Count(key, 60, 1)]) == [1]
    said = [(record.levelname, record.getMessage().partition(":")[0]) for record in caplog.records]
    assert [each for each in said if each[1].startswith("limits")] == [
        ("ERROR", "limits are counted per process until REDIS_URL is within reach again"),
        ("WARNING", "limits are counted for all processes together again"),
    ]
