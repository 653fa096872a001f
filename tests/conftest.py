"""Fixtures that all tests share. The servers and the environment are `tests.plugin`'s."""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from audit.refusals import REFUSALS
from tests.plugin import PROFILE, Profile
from tests.servers import PostgreSQL, ScoreboardServer, Valkey


@pytest.fixture(scope="session")
def profile(request: pytest.FixtureRequest) -> Profile:
    """What this run tests with."""
    return request.config.stash[PROFILE]


@pytest.fixture(scope="session")
def postgresql(profile: Profile) -> PostgreSQL:
    """The PostgreSQL that all tests share; whoever stops it starts it again. Only for tests marked `postgresql`."""
    assert profile.postgresql is not None, "Mark this test with pytest.mark.postgresql."
    return profile.postgresql


@pytest.fixture(scope="session")
def valkey(profile: Profile) -> Valkey:
    """The Valkey that all tests share; whoever stops it starts it again. Only for tests marked `postgresql`."""
    assert profile.valkey is not None, "Mark this test with pytest.mark.postgresql."
    return profile.valkey


@pytest.fixture
def scoreboard_server(transactional_db: None, profile: Profile) -> Iterator[Callable[..., ScoreboardServer]]:
    """Starts real servers on the test database, and stops them after the test.

    `scoreboard_server(workers=2, SCORE_UPDATE_RATE="0")`: the words in capitals are environment variables.
    """
    with contextlib.ExitStack() as stack:

        def start(*, workers: int = 1, **variables: str) -> ScoreboardServer:
            environment = {**os.environ, "DATABASE_URL": database_url(profile), **variables}
            return stack.enter_context(ScoreboardServer(environment, workers=workers))

        yield start


def database_url(profile: Profile) -> str:
    """Of the database that the tests write to."""
    name = connection.settings_dict["NAME"]
    return profile.postgresql.database_url(name) if profile.postgresql else f"sqlite:///{name}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(profile: Profile) -> None:
    """Takes a file for SQLite: one in memory, Django's choice for tests, locks in a way no real one does."""
    if profile.postgresql is None:
        connection.settings_dict["TEST"]["NAME"] = str(profile.folder / "test.sqlite3")


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Every test begins with nothing counted against anyone, and with no refusal of an earlier one yet to be written."""
    caches["limits"].clear()
    REFUSALS.forget()


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_the_log() -> Iterator[None]:
    """After a test with real commits Django empties all tables, which the append-only triggers rightly refuse.

    Here, and nowhere else, they are lifted for that one act.
    """
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # private, so Django's stubs omit it

    def teardown(case: TransactionTestCase) -> None:
        lift = {"postgresql": without_triggers_on_postgresql, "sqlite": without_triggers_on_sqlite}
        with lift[connection.vendor](connection):
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@contextlib.contextmanager
def without_triggers_on_postgresql(database: BaseDatabaseWrapper) -> Iterator[None]:
    with database.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")


@contextlib.contextmanager
def without_triggers_on_sqlite(database: BaseDatabaseWrapper) -> Iterator[None]:
    with database.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    try:
        yield
    finally:
        with database.cursor() as cursor:
            for _, definition in triggers:
                cursor.execute(definition)
