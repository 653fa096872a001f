"""A copy of checkpoints to write to, a log with something of everything in it, and a browser with somebody signed in who may see it all."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from scores.models import Score
from tests.support.tampering import make_history


@pytest.fixture(autouse=True)
def _exported_apart(exported: Path) -> None:
    """No test here adds to what another one exported."""


@pytest.fixture
def players(db: None, exported: Path) -> list[Score]:
    return make_history()


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client
