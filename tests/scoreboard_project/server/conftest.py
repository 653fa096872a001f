"""What tests of one module share: a fast path with Django behind it, and a database without tables."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from scores.http.logs import TextFormatter
from scores.models import Action
from tests.support.fast_paths import Site
from tests.support.plugin import Profile


@pytest.fixture
def site(
    request: pytest.FixtureRequest, transactional_db: None, caplog: pytest.LogCaptureFixture, settings: Settings
) -> Iterator[Site]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # no server is asked
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(TextFormatter())
    catalogue: dict[str, dict[str, Any]] = {
        "daily-quiz": {},
        "other": {},
        "proved": {"receipt_required": True},
        "rare": {"cooldown_seconds": 80_000},
        "once": {"daily_cap": 1},
        "gone": {"enabled": False},
        "bug-bounty": {"takes_value": True},
    }
    for slug, terms in catalogue.items():
        Action.objects.create(slug=slug, label=slug, points=10, **terms)
    fast_path = request.param()
    yield Site(fast_path, caplog)
    fast_path._batcher._thread.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def empty_database(profile: Profile, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database that nobody migrated; commands that refuse it leave it so."""
    if profile.postgresql is None:
        return f"sqlite:///{tmp_path_factory.mktemp('empty')}/new.sqlite3"
    return profile.postgresql.create_database("not_migrated")
