"""How far a replica is behind, told by places in the write-ahead log and our own clock alone."""

from datetime import UTC, datetime

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from pytest_django import Settings

from scores.database.replica import Replica, catch_up, date_back, is_configured, reading

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def followed(settings: Settings) -> Replica:
    """A replica that was compared while the primary wrote 100 bytes a second for 10 s."""
    settings.READ_LAG_SECONDS = 5
    followed = Replica()
    for second in range(11):
        followed.record_written(100 * second, 50.0 + second)
    return followed


@pytest.mark.parametrize(
    ("replayed", "lag", "state"),
    [
        *((1000, 0.0, "ok"), (1001, 0.0, "ok"), (999, 1.0, "ok"), (500, 5.0, "ok")),
        *((499, 6.0, "behind"), (0, 10.0, "behind"), (-1, 10.0, "behind")),
    ],
)
def test_it_is_as_old_as_the_place_that_it_replayed(followed: Replica, replayed: int, lag: float, state: str) -> None:
    followed.record_replayed(replayed, 60.0)
    assert (followed.lag_seconds, followed.state, followed.is_usable) == (lag, state, state == "ok")


def test_a_primary_that_writes_nothing_leaves_nobody_behind(followed: Replica) -> None:
    followed.record_written(1000, 3600.0)
    followed.record_replayed(1000, 3600.0)
    assert followed.lag_seconds == 0


def test_one_that_stands_still_gets_older_and_one_that_goes_on_is_fit_again(followed: Replica) -> None:
    seen = []
    for now, replayed in ((60.0, 900), (63.0, 900), (66.0, 900), (67.0, 1000)):
        followed.record_replayed(replayed, now)
        seen.append((followed.lag_seconds, followed.is_usable))
    assert seen == [(1.0, True), (4.0, True), (7.0, False), (0.0, True)]


def test_one_that_was_never_compared_or_is_away_is_not_read(settings: Settings) -> None:
    settings.READ_LAG_SECONDS = 5
    followed = Replica()
    assert (followed.is_usable, followed.state, followed.lag_seconds) == (False, "unavailable", None)
    followed.record_written(10, 1.0)
    followed.record_replayed(10, 1.0)
    assert followed.is_usable is True
    followed.record_failure()
    assert (followed.is_usable, followed.state, followed.lag_seconds) == (False, "unavailable", None)


def test_without_one_everything_is_the_primarys() -> None:
    primary = connections[DEFAULT_DB_ALIAS]
    assert is_configured() is False
    with reading():
        assert connections[DEFAULT_DB_ALIAS] is primary
        assert date_back(NOW) == NOW
    assert catch_up(1) is False
