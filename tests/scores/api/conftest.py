"""Two who may be credited by a call of a backend."""

import pytest

from scores.models import Action, Score
from tests.support.acting import make_player


@pytest.fixture
def ada(daily_quiz: Action) -> Score:
    return make_player("Ada")


@pytest.fixture
def ben(daily_quiz: Action) -> Score:
    return make_player("Ben")
