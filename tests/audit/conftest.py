"""A log with something of everything in it, and a browser with somebody signed in who may see it all."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from scores.models import Score
from tests.support.tampering import make_history


@pytest.fixture
def players(db: None, settings: Settings, tmp_path: Path) -> list[Score]:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")
    settings.STATIC_ROOT = None
    return make_history()


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client
