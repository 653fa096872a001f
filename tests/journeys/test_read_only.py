"""A database that takes no writes, as a standby or a full disk makes it: a refusal that says when to come again, and no fault."""

import logging
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from scores.models import Action, Score
from tests.support.acting import access_token, make_player, read_problem, read_state, update

pytestmark = pytest.mark.django_db(transaction=True)
QUIZ = {"action": "daily-quiz"}


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.update_or_create(slug="daily-quiz", defaults={"label": "Daily quiz", "points": 10})
    return make_player()


@pytest.fixture
def read_only(ada: Score) -> Iterator[None]:
    on, off = ("PRAGMA query_only = on", "PRAGMA query_only = off")
    if connection.vendor == "postgresql":
        on, off = (f"SET default_transaction_read_only = {value}" for value in ("on", "off"))
    with connection.cursor() as cursor:
        cursor.execute(on)
    yield
    with connection.cursor() as cursor:
        cursor.execute(off)


@pytest.mark.usefixtures("read_only")
def test_an_update_is_refused_for_now(ada: Score, caplog: pytest.LogCaptureFixture) -> None:
    before = read_state()
    with caplog.at_level(logging.ERROR):
        read_problem(update(QUIZ, token=access_token(ada), key="first"), 503, "unavailable")
    assert read_state() == before
    assert [record.levelname for record in caplog.records if record.exc_info] == []


@pytest.mark.postgresql  # SQLite asks for the write lock before anything else
@pytest.mark.usefixtures("read_only")
def test_a_refusal_that_cannot_be_kept_is_still_the_answer(ada: Score) -> None:
    read_problem(update({"receipt": "a.b.c"}, token=access_token(ada)), 422, "receipt_invalid")


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("path", ["/", "/api/score/top", "/embed", "/wall", "/share.png", "/healthz"])
def test_reading_goes_on(path: str) -> None:
    assert Client().get(path).status_code == 200
