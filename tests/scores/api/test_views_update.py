"""PATCH /api/score/update: what it answers, what it writes, and what it refuses first."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals
from scores.models import MAXIMUM_BALANCE, Action, Score
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


def refusals(player: Score) -> dict[str, Any]:
    """One request that meets each refusal alone, and what arranges for it; in the order of docs/contract.md 2.3."""
    frozen, disabled = {"frozen": True}, {"enabled": False}
    return {
        "player_frozen": (403, QUIZ, "k", frozen, {}),
        "unknown_action": (404, QUIZ, "k", {}, disabled),
        "receipt_required": (422, QUIZ, "k", {}, {"receipt_required": True}),
        "receipt_invalid": (422, {"receipt": make_receipt(player, pts=101)}, None, {}, {}),
        "receipt_subject": (403, {"receipt": make_receipt(make_player("Eve"))}, None, {}, {}),
    }


@pytest.mark.parametrize(
    "code", ["player_frozen", "unknown_action", "receipt_required", "receipt_invalid", "receipt_subject"]
)
def test_each_refusal_has_its_status_and_writes_nothing(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten, code: str
) -> None:
    status, body, key, score, action = refusals(player)[code]
    Score.objects.filter(pk=player.pk).update(**score)
    change_actions(**action)
    with nothing_written():
        read_problem(update(body, token=token, key=key), status, code)
    flush_refusals()
    kept = [refusal.count for refusal in Refusal.objects.filter(subject=str(player.pk))]
    assert kept == ([] if status == 404 else [1])


def test_an_unknown_action_is_unknown_for_receipts_too(
    player: Score, token: str, nothing_written: NothingWritten
) -> None:
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player)}, token=token), 404, "unknown_action")


def test_every_self_report_is_refused_where_receipts_are_required(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten, settings: Settings
) -> None:
    settings.SCORE_REQUIRE_RECEIPTS = True
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 422, "receipt_required")
    assert update({"receipt": make_receipt(player)}, token=token).status_code == 200


def test_a_cooldown_holds_for_self_reports_and_receipts(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    change_actions(cooldown_seconds=3600)
    assert update(QUIZ, token=token, key="first").status_code == 200
    with nothing_written():
        response = update(QUIZ, token=token, key="second")
        read_problem(response, 429, "cooldown")
        assert 3590 <= int(response.headers["Retry-After"]) <= 3600
        read_problem(update({"receipt": make_receipt(player)}, token=token), 429, "cooldown")
        assert update(QUIZ, token=token, key="first").json()["replayed"] is True


def test_a_daily_cap_holds_until_midnight_utc(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    change_actions(daily_cap=2)
    for key in ("a", "b"):
        assert update(QUIZ, token=token, key=key).status_code == 200
    with nothing_written():
        response = update(QUIZ, token=token, key="c")
        read_problem(response, 429, "daily_cap")
        read_problem(update({"receipt": make_receipt(player)}, token=token), 429, "daily_cap")
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert abs(int(response.headers["Retry-After"]) - (midnight - now).total_seconds()) < 5


def test_one_players_pace_is_not_anothers(player: Score, token: str, daily_quiz: Action) -> None:
    change_actions(cooldown_seconds=3600, daily_cap=1)
    other = access_token(make_player("Grace"))
    assert [update(QUIZ, token=each, key="k").status_code for each in (token, other)] == [200, 200]


def test_a_balance_stops_at_what_every_client_can_count(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    # The highest balance there may be, one award below it, set as no service would.
    update(QUIZ, token=token, key="first")
    entry = AuditEntry.objects.get()
    Score.objects.update(points=MAXIMUM_BALANCE - 9)
    with nothing_written():
        response = update(QUIZ, token=token, key="second")
    read_problem(response, 422, "balance_out_of_range")
    assert AuditEntry.objects.get() == entry


def test_a_chain_that_was_changed_behind_our_back_takes_no_more(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    update(QUIZ, token=token, key="first")
    Score.objects.update(points=1000)
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="second"), 503, "unavailable")


STATUSES = {
    "token_invalid": 401,
    "rate_limited": 429,
    "unsupported_media_type": 415,
    "invalid_body": 400,
    "inactive": 401,
    "idempotency_conflict": 422,
    "player_frozen": 403,
    "unknown_action": 404,
    "receipt_required": 422,
    "cooldown": 429,
}
ORDER = [
    ("token_invalid", "rate_limited"),
    ("rate_limited", "unsupported_media_type"),
    ("unsupported_media_type", "invalid_body"),
    ("invalid_body", "idempotency_key_required"),
    ("invalid_body", "inactive"),
    ("inactive", "idempotency_conflict"),
    ("idempotency_conflict", "player_frozen"),
    ("player_frozen", "unknown_action"),
    ("unknown_action", "receipt_required"),
    ("receipt_required", "cooldown"),
    ("cooldown", "daily_cap"),
]


@pytest.mark.parametrize(("first", "second"), ORDER)
def test_of_two_refusals_the_first_of_the_order_is_answered(
    player: Score, token: str, daily_quiz: Action, settings: Settings, first: str, second: str
) -> None:
    request: dict[str, Any] = {"body": QUIZ, "token": token, "key": "fresh", "content_type": "application/json"}
    assert update(QUIZ, token=token, key="used").status_code == 200
    for code in (second, first):
        arrange(code, request, player, settings)
    read_problem(update(**request), STATUSES[first], "token_invalid" if first == "inactive" else first)


def arrange(code: str, request: dict[str, Any], player: Score, settings: Settings) -> None:
    """Make this refusal due."""
    changes: dict[str, dict[str, Any]] = {
        "token_invalid": {"token": "not.a.token"},
        "unsupported_media_type": {"content_type": "text/plain"},
        "invalid_body": {"body": {"action": 5}},
        "idempotency_key_required": {"key": None},
        "idempotency_conflict": {"key": "used", "body": {"action": "other"}},
        "unknown_action": {"body": {"action": "other"}} if request["key"] != "used" else {},
    }
    request.update(changes.get(code, {}))
    if code == "rate_limited":
        settings.SCORE_UPDATE_RATE = "1/d"
        update(QUIZ, token=access_token(player), key="used")
    elif code == "inactive":
        type(player.user).objects.update(is_active=False)
    elif code == "player_frozen":
        Score.objects.update(frozen=True)
    else:
        actions: dict[str, dict[str, Any]] = {
            "receipt_required": {"receipt_required": True},
            "cooldown": {"cooldown_seconds": 3600},
            "daily_cap": {"daily_cap": 1},
            "unknown_action": {"enabled": False},
        }
        change_actions(**actions.get(code, {"label": "Quiz"}))


def test_what_a_self_report_costs_in_queries(
    player: Score, token: str, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Savepoint; score; its account, once the lock is held; key; action; head; entry (in one insert); score; release.
    with django_assert_num_queries(9):
        assert update(QUIZ, token=token, key="k").status_code == 200


def test_what_a_receipt_costs_in_queries(
    player: Score, token: str, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(9):
        assert update({"receipt": make_receipt(player)}, token=token).status_code == 200
