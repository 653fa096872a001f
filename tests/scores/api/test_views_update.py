"""PATCH /api/score/update: what it answers and writes, once however often it is asked."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from audit.models import AuditEntry
from scores.models import Action, Score
from tests.support.acting import (
    access_token,
    change_actions,
    make_claims,
    make_player,
    make_receipt,
    read_problem,
    sign,
    update,
)

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}

pytestmark = pytest.mark.usefixtures("no_traceback")


def test_a_self_reported_action_is_worth_what_the_catalogue_says(player: Score, token: str, daily_quiz: Action) -> None:
    response = update(QUIZ, token=token, key="one", headers={"X-Request-ID": "request-1", "User-Agent": "Agent/1"})
    entry = AuditEntry.objects.get()
    assert (response.status_code, response.json()) == (
        200,
        {
            "player": {"id": str(player.pk), "name": "Ada"},
            "action": "daily-quiz",
            "delta": 10,
            "score": 10,
            "verified": False,
            "replayed": False,
            "entry": {"seq": 1, "mac": entry.mac},
        },
    )
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-ID"] == "request-1"
    assert entry.ref == f"k:{player.pk}:{sha256(b'one').hexdigest()}"
    assert (entry.kind, entry.actor, entry.delta, entry.balance) == ("award", str(player.pk), 10, 10)
    assert {name: (entry.context or {})[name] for name in ("address", "agent", "request")} == {
        "address": "192.0.2.1",
        "agent": "Agent/1",
        "request": "request-1",
    }
    player.refresh_from_db()
    assert (player.points, player.seq, player.head, player.reached_at) == (10, 1, entry.mac, entry.at)


def test_a_receipt_is_worth_what_it_says(player: Score, token: str, bug_bounty: Action) -> None:
    claims = make_claims(player, act="bug-bounty", pts=500)
    receipt = sign(claims)
    response = update({"receipt": receipt}, token=token)
    entry = AuditEntry.objects.get()
    assert (response.status_code, response.json()) == (
        200,
        {
            "player": {"id": str(player.pk), "name": "Ada"},
            "action": "bug-bounty",
            "delta": 500,
            "score": 500,
            "verified": True,
            "replayed": False,
            "entry": {"seq": 1, "mac": entry.mac},
        },
    )
    assert (entry.ref, (entry.context or {})["receipt"]) == (f"r:test-backend:{claims['jti']}", receipt)


def test_an_idempotency_key_beside_a_receipt_is_ignored(player: Score, token: str, daily_quiz: Action) -> None:
    for _ in range(2):
        assert (
            update({"receipt": make_receipt(player)}, token=token, key='"never\\looked at').json()["replayed"] is False
        )
    assert AuditEntry.objects.count() == 2


def test_points_add_up_along_a_dense_chain(player: Score, token: str, daily_quiz: Action) -> None:
    answers = [update(QUIZ, token=token, key=f"key-{number}").json() for number in range(3)]
    assert [answer["score"] for answer in answers] == [10, 20, 30]
    assert [answer["entry"]["seq"] for answer in answers] == [1, 2, 3]


@pytest.mark.parametrize("again", ["same", '"same"'])
def test_the_same_key_again_gets_the_first_answer_again(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten, again: str
) -> None:
    first = update(QUIZ, token=token, key="same").json()
    update(QUIZ, token=token, key="other")
    with nothing_written():
        response = update(QUIZ, token=token, key=again)
    assert (response.status_code, response.json()) == (200, {**first, "replayed": True})


def test_the_same_receipt_again_gets_the_first_answer_again(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    receipt = make_receipt(player)
    first = update({"receipt": receipt}, token=token).json()
    with nothing_written():
        response = update({"receipt": receipt}, token=token)
    assert (response.status_code, response.json()) == (200, {**first, "replayed": True})


def test_a_replay_is_answered_to_the_frozen_and_for_disabled_actions(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    receipt = make_receipt(player)
    first, second = (update(QUIZ, token=token, key="a").json(), update({"receipt": receipt}, token=token).json())
    Score.objects.update(frozen=True)
    change_actions(enabled=False)
    with nothing_written():
        assert update(QUIZ, token=token, key="a").json() == {**first, "replayed": True}
        assert update({"receipt": receipt}, token=token).json() == {**second, "replayed": True}


def test_a_replay_is_answered_after_its_receipt_expired(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten, settings: Settings
) -> None:
    receipt = make_receipt(player)
    update({"receipt": receipt}, token=token)
    # An audience that changed since makes the receipt as bad as age would, without waiting.
    settings.RECEIPT_AUDIENCE = "elsewhere"
    with nothing_written():
        assert update({"receipt": receipt}, token=token).json()["replayed"] is True
        read_problem(update({"receipt": make_receipt(player)}, token=token), 422, "receipt_invalid")


def test_the_same_key_for_another_action_is_a_conflict(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    Action.objects.create(slug="comment", label="Comment", points=1)
    update(QUIZ, token=token, key="same")
    with nothing_written():
        read_problem(update({"action": "comment"}, token=token, key="same"), 422, "idempotency_conflict")
        read_problem(update({"action": "unheard-of"}, token=token, key="same"), 422, "idempotency_conflict")


def test_two_players_may_use_the_same_key(player: Score, token: str, daily_quiz: Action) -> None:
    other = access_token(make_player("Grace"))
    assert [update(QUIZ, token=each, key="same").json()["replayed"] for each in (token, other)] == [False, False]


def test_a_jti_with_other_claims_was_used(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    claims = make_claims(player)
    update({"receipt": sign(claims)}, token=token)
    with nothing_written():
        read_problem(update({"receipt": sign({**claims, "pts": 26})}, token=token), 409, "receipt_used")
        read_problem(update({"receipt": sign({**claims, "exp": claims["exp"] - 1})}, token=token), 409, "receipt_used")


def test_a_used_receipt_in_another_players_hands_is_of_another_player(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    receipt = make_receipt(player)
    update({"receipt": receipt}, token=token)
    thief = access_token(make_player("Mallory"))
    with nothing_written():
        read_problem(update({"receipt": receipt}, token=thief), 403, "receipt_subject")


QUERIES = {"postgresql": 13, "sqlite": 12}


def test_what_a_self_report_costs_in_queries(
    player: Score, token: str, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Savepoint; score; its account, once the lock is held; key; action; head; entry (in one insert); score; the boards' version,
    # on PostgreSQL under their lock; standings before and after; release.
    with django_assert_num_queries(QUERIES[connection.vendor]):
        assert update(QUIZ, token=token, key="k").status_code == 200


def test_what_a_receipt_costs_in_queries(
    player: Score, token: str, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(QUERIES[connection.vendor]):
        assert update({"receipt": make_receipt(player)}, token=token).status_code == 200
