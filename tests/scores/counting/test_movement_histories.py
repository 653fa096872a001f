"""Whatever players and investigators do in whatever order, everybody stands where a count by hand of the log says; on any board."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from scores.integrity.verification import verify
from tests.support import naive_boards
from tests.support.naive_boards import Act
from tests.support.played_histories import Played, make_boards, write_issuers

OF_DATABASES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def _boards(turn_clock: Callable[[datetime], None], settings: Settings, tmp_path: Path) -> None:
    settings.RECEIPT_ISSUERS_FILE = write_issuers(tmp_path)
    make_boards()


@pytest.mark.django_db
@pytest.mark.usefixtures("_boards")
@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=OF_DATABASES)
@given(acts=naive_boards.acts())
def test_everybody_stands_where_a_count_by_hand_says(acts: list[Act]) -> None:
    played = Played(nullcontext)
    played.play(acts)
    assert played.standings() == played.count_by_hand()
    assert list(verify(player=played.player.pk)) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
@pytest.mark.usefixtures("_boards")
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=OF_DATABASES)
@given(acts=naive_boards.acts())
def test_both_ways_of_writing_agree(acts: list[Act]) -> None:
    """In two round trips, and, within a transaction of the caller, under the player's lock."""
    swapped, locked = Played(nullcontext), Played(transaction.atomic)
    for played in (swapped, locked):
        played.play(acts)
    assert swapped.standings() == locked.standings() == swapped.count_by_hand()
