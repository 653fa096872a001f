"""Fixtures that all tests share: servers, players, a catalogue, and the proof that a refused act left no trace.

The environment is `tests.support.plugin`'s."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import caches
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import Settings

from audit.refusals import REFUSALS
from scores.board import standings
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support import clock
from tests.support.acting import access_token, make_player, read_state
from tests.support.database import database_url, without_triggers
from tests.support.plugin import PROFILE, Profile
from tests.support.servers import PostgreSQL, ScoreboardServer, Valkey


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


@pytest.fixture(scope="session")
def django_db_modify_db_settings(profile: Profile) -> None:
    """Takes a file for SQLite: one in memory, Django's choice for tests, locks in a way no real one does."""
    if profile.postgresql is None:
        connection.settings_dict["TEST"]["NAME"] = str(profile.folder / "test.sqlite3")


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Every test begins with nothing counted against anyone, nothing kept, no refusal yet to be written, and no past of a board."""
    caches["limits"].clear()
    caches["default"].clear()
    REFUSALS.forget()
    standings.forget_past()


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_the_log() -> Iterator[None]:
    """After a test with real commits Django empties all tables, which the append-only triggers rightly refuse.

    Here, and nowhere else, they are lifted for that one act.
    """
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # private, so Django's stubs omit it

    def teardown(case: TransactionTestCase) -> None:
        with without_triggers(connection):
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _static_files_where_they_lie(settings: Settings) -> None:
    """The folder of collected ones need not exist."""
    settings.STATIC_ROOT = None


@pytest.fixture
def player(db: None) -> Score:
    return make_player()


@pytest.fixture
def token(player: Score) -> str:
    """An access token of `player`."""
    return access_token(player)


@pytest.fixture
def daily_quiz(db: None) -> Action:
    """Self-reported for 10 points; the test issuer may grant up to 100."""
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


@pytest.fixture
def bug_bounty(db: None) -> Action:
    """Counts only with a receipt; the test issuer may grant up to 500."""
    return Action.objects.create(slug="bug-bounty", label="Bug bounty", points=100, receipt_required=True)


@pytest.fixture
def investigator(db: None) -> User:
    """May look and act."""
    user = User.objects.create_user("grace", is_staff=True)
    wanted = ["correct_score", "view_score", "view_auditentry"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return user


@pytest.fixture
def board(db: None) -> dict[str, Score]:
    """Ada 30 points, Ben 20, Cleo 10: adjustments of 10 each, as entries 1, 2, 3 of a player."""
    players = {}
    for name, entries in {"Ada": 3, "Ben": 2, "Cleo": 1}.items():
        players[name] = make_player(name)
        for _ in range(entries):
            corrections.adjust(player=players[name].pk, delta=10, reason="a day's play", actor="system")
    return players


@pytest.fixture
def exported(settings: Settings, tmp_path: Path) -> Path:
    """Where this test's checkpoints are exported to."""
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    return path


@pytest.fixture
def turn_clock(db: None) -> Iterator[Callable[[datetime], None]]:
    """Sets the log's clock, and lets it go right again after the test."""
    yield clock.turn_clock
    clock.turn_clock_back()


@pytest.fixture
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """That the log of the whole test holds none."""
    yield
    for phase in ("setup", "call"):
        assert [record.getMessage() for record in caplog.get_records(phase) if record.exc_info] == []


@pytest.fixture
def nothing_written(db: None, no_traceback: None) -> Callable[[], AbstractContextManager[None]]:
    """A block that must leave scores, log and tokens as they were, and no traceback."""

    @contextlib.contextmanager
    def watch() -> Iterator[None]:
        before = read_state()
        yield
        assert read_state() == before

    return watch
