"""Players, a catalogue, and the proof that a refused act left no trace."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from scores.investigation import corrections
from scores.models import Action, Score
from tests import clock
from tests.scores.acting import access_token, make_player, read_state


@pytest.fixture(autouse=True)
def _fast_and_bare(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Static files are served from where they lie; the folder of collected ones need not exist.
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
