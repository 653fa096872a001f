"""The rules of an award: what an act is worth, which refusal comes first, and what makes a request the same again."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from audit.times import DAY_US
from scores.awards.rules import Attempt, Facts, PlannedChain, SelfReport, draft_award, evaluate, is_replay, midnight_us
from scores.callers import Caller
from scores.errors import (
    BalanceOutOfRange,
    CatalogueChanged,
    Cooldown,
    DailyCap,
    IdempotencyConflict,
    PlayerFrozen,
    ReceiptInvalid,
    ReceiptRequired,
    ReceiptSubject,
    ReceiptUsed,
    Refused,
    UnknownAction,
)
from scores.models import MAXIMUM_BALANCE, Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import make_receipt

pytestmark = pytest.mark.django_db
PLAYER = UUID(int=1)
NOON_US = 1_795_521_600_000_000
QUIZ = SelfReport("daily-quiz", "one")


def make_facts(*, score: dict[str, Any] | None = None, pace: dict[str, int] | None = None, **terms: Any) -> Facts:
    """Ada with 100 points at noon, and an action of 10; `terms` are those of the action."""
    action = Action.objects.create(**{"slug": "daily-quiz", "label": "Daily quiz", "points": 10, **terms})
    player = Score(**{"id": PLAYER, "points": 100, "seq": 3, **(score or {})})
    return Facts(player, None, action, NOON_US, **(pace or {}))


def test_a_self_report_is_worth_what_the_catalogue_says_and_a_receipt_what_it_says() -> None:
    facts = make_facts()
    assert evaluate(facts, QUIZ) == 10
    facts.now_us = time.time_ns() // 1000
    assert evaluate(facts, examine(make_receipt(PLAYER, pts=70))) == 70


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"score": {"frozen": True}, "enabled": False, "receipt_required": True}, PlayerFrozen),
        ({"enabled": False, "receipt_required": True, "cooldown_seconds": 60}, UnknownAction),
        ({"receipt_required": True, "cooldown_seconds": 60, "pace": {"last_us": NOON_US}}, ReceiptRequired),
        (
            {"cooldown_seconds": 60, "daily_cap": 1, "pace": {"last_us": NOON_US, "done_today": 1}},
            Cooldown,
        ),
        ({"daily_cap": 1, "pace": {"done_today": 1}, "score": {"points": MAXIMUM_BALANCE}}, DailyCap),
        ({"score": {"points": MAXIMUM_BALANCE - 9}}, BalanceOutOfRange),
    ],
)
def test_of_several_refusals_the_contracts_first_is_given(changes: dict[str, Any], refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        evaluate(make_facts(**changes), QUIZ)


def test_how_long_to_wait_is_told_to_the_second() -> None:
    facts = make_facts(cooldown_seconds=60, daily_cap=1, pace={"last_us": NOON_US - 59_500_000, "done_today": 1})
    with pytest.raises(Cooldown) as cooldown:
        evaluate(facts, QUIZ)
    facts.now_us += 500_000
    with pytest.raises(DailyCap) as cap:
        evaluate(facts, QUIZ)
    assert (cooldown.value.retry_after, cap.value.retry_after) == (1, 12 * 3600)
    assert str(cooldown.value) == "This action was done a moment ago. Try again in 1 second."
    assert str(cap.value) == "This action was done as often as it counts today (UTC). Try again in 12 hours."
    assert (midnight_us(NOON_US), midnight_us(NOON_US) % DAY_US) == (NOON_US - 12 * 3600 * 1_000_000, 0)


def test_a_row_changed_behind_our_back_is_worth_nothing() -> None:
    facts = make_facts()
    assert facts.action is not None
    facts.action.points = 1000
    with pytest.raises(CatalogueChanged, match="'daily-quiz'"):
        evaluate(facts, QUIZ)


def test_where_receipts_are_required_every_self_report_is_refused(settings: Settings) -> None:
    settings.SCORE_REQUIRE_RECEIPTS = True
    with pytest.raises(ReceiptRequired):
        evaluate(make_facts(), QUIZ)


def test_a_receipt_is_judged_by_the_logs_clock_its_player_and_what_its_issuer_may_grant() -> None:
    facts = make_facts()
    facts.now_us = now_us = time.time_ns() // 1000
    with pytest.raises(ReceiptSubject):
        evaluate(facts, examine(make_receipt(uuid4())))
    with pytest.raises(ReceiptInvalid):
        evaluate(facts, examine(make_receipt(PLAYER, pts=101)))
    facts.now_us = now_us + 3600 * 1_000_000
    with pytest.raises(ReceiptInvalid) as over:
        evaluate(facts, examine(make_receipt(PLAYER)))
    assert over.value.reason == "expiredsignature"


def test_the_same_key_is_the_same_request_only_with_the_same_content() -> None:
    earlier = AuditEntry(player=PLAYER, action="daily-quiz")
    assert is_replay(earlier, PLAYER, QUIZ)
    with pytest.raises(IdempotencyConflict):
        is_replay(earlier, PLAYER, SelfReport("another", "one"))


def test_a_used_receipt_is_a_replay_to_its_player_and_used_with_other_claims() -> None:
    text = make_receipt(PLAYER, jti="j" * 32)
    earlier = AuditEntry(player=PLAYER, action="daily-quiz", context={"receipt": text})
    assert is_replay(earlier, PLAYER, examine(text))
    assert not is_replay(earlier, uuid4(), examine(text))
    with pytest.raises(ReceiptUsed):
        is_replay(earlier, PLAYER, examine(make_receipt(PLAYER, jti="j" * 32, pts=26)))


def test_an_award_that_is_about_to_be_written_is_counted_for_the_next() -> None:
    facts = make_facts(daily_cap=1)
    attempt = Attempt(Caller(PLAYER, "t-1", password_stamp=None), QUIZ, {"address": "192.0.2.1"})
    draft = draft_award(facts, attempt)
    assert (draft.kind, draft.delta, draft.action, draft.ref, draft.actor) == (
        "award", 10, "daily-quiz", attempt.ref, str(PLAYER),
    )  # fmt: skip
    assert draft.context == {"address": "192.0.2.1", "token": "t-1"}
    entry = AuditEntry(player=PLAYER, seq=4, balance=110, mac="m", action="daily-quiz", ref=attempt.ref, at_us=NOON_US)
    planned = PlannedChain()
    planned.append(entry)
    facts.apply(planned, ref=attempt.ref)
    assert (facts.score.points, facts.score.seq, facts.score.head, facts.earlier) == (110, 4, "m", entry)
    assert (facts.last_us, facts.done_today) == (NOON_US, 1)
    with pytest.raises(DailyCap):
        evaluate(facts, SelfReport("daily-quiz", "two"))
