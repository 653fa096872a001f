"""A player who has something to correct."""

import pytest

from scores.models import Action, Score
from tests.support.acting import update


@pytest.fixture
def played(player: Score, token: str, daily_quiz: Action) -> Score:
    """Entry 1: an award of 10 points."""
    assert update({"action": "daily-quiz"}, token=token, key="first").status_code == 200
    return player
