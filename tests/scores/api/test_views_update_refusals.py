"""PATCH /api/score/update: what it refuses, with nothing written, and what it refuses first."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals
from scores.models import MAXIMUM_BALANCE, Action, Score
from tests.support.acting import (
    access_token,
    change_actions,
    make_player,
    make_receipt,
    read_problem,
    update,
)

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}

pytestmark = pytest.mark.usefixtures("no_traceback")


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
        problem = read_problem(response, 429, "cooldown")
        assert 3590 <= int(response.headers["Retry-After"]) <= 3600
        assert problem["detail"] == "This action was done a moment ago. Try again in 60 minutes."
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
