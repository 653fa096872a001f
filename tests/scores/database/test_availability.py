"""What a process knows of its database, and how long it waits for it."""

import time

import pytest

from scores.database.availability import SILENCE_SECONDS, Availability


def test_what_nobody_watches_is_there_for_everybody() -> None:
    availability = Availability()
    availability.record_failure()
    availability.record_missed_read()
    assert (availability.is_away, availability.is_doubtful) == (False, False)


def test_a_watched_database_is_away_once_it_failed_or_was_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    availability = Availability()
    availability.is_watched = True
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    availability.record_answer()
    now += SILENCE_SECONDS
    assert (availability.is_away, availability.is_doubtful) == (False, False)
    now += 0.01
    assert (availability.is_away, availability.is_doubtful) == (True, True)
    availability.record_answer()
    assert (availability.is_away, availability.is_doubtful) == (False, False)
    now += 0.01
    availability.record_missed_read()
    assert (availability.is_away, availability.is_doubtful) == (False, True)
    now += 0.01
    availability.record_answer()
    assert not availability.is_doubtful
    availability.record_failure()
    assert (availability.is_away, availability.is_doubtful) == (True, True)
