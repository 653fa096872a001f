"""A catalogue of one action, and players whose awards are committed."""

import pytest

from scores.models import Action, Score
from tests.support.acting import make_player


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


@pytest.fixture
def ada(quiz: Action) -> Score:
    return make_player("Ada")


@pytest.fixture
def players(quiz: Action) -> list[Score]:
    return [make_player(f"Player {number}") for number in range(3)]
