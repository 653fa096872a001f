"""Values in receipts: carried exactly where the action takes one, sealed with the entry, and never in a client's own word."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals
from scores.catalogue import describe_terms, set_action
from scores.integrity.verification import verify
from scores.models import Action, Score
from tests.support.acting import make_claims, make_receipt, read_problem, sign, update
from tests.support.chains import check_chain
from tests.support.tampering import tampering

NothingWritten = Callable[[], AbstractContextManager[None]]
pytestmark = pytest.mark.usefixtures("no_traceback")


@pytest.fixture
def lap(db: None) -> Action:
    """Takes a value; the test issuer may grant it, as it may `daily-quiz`."""
    return Action.objects.create(slug="daily-quiz", label="A lap", points=1, receipt_required=True, takes_value=True)


@pytest.mark.parametrize("value", [0, 1, -1, 61_234, 2**53 - 1, -(2**53 - 1)])
def test_a_value_is_sealed_with_the_entry(player: Score, token: str, lap: Action, value: int) -> None:
    response = update({"receipt": make_receipt(player, val=value, pts=5)}, token=token)
    assert response.status_code == 200
    assert response.json()["delta"] == 5
    entry = AuditEntry.objects.get(player=player.pk)
    assert (entry.value, entry.delta, entry.balance) == (value, 5, 5)
    check_chain(player)
    assert list(verify(player=player.pk)) == []


BAD = {
    "true": True, "a fraction": 1.0, "half": 1.5, "text": "61234", "null": None, "a list": [1], "an object": {},
    "2^53": 2**53, "-2^53": -(2**53), "huge": 10**400,
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_value_is_refused(
    player: Score, token: str, lap: Action, nothing_written: NothingWritten, name: str
) -> None:
    with nothing_written():
        response = update({"receipt": sign({**make_claims(player), "val": BAD[name]})}, token=token)
    read_problem(response, 422, "receipt_invalid")


def test_an_action_that_takes_a_value_wants_one(
    player: Score, token: str, lap: Action, nothing_written: NothingWritten
) -> None:
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player)}, token=token), 422, "receipt_invalid")
    flush_refusals()
    assert [refusal.reason for refusal in Refusal.objects.all()] == ["receipt_invalid:value"]


def test_another_action_takes_none(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player, val=5)}, token=token), 422, "receipt_invalid")


def test_nobody_reports_it_of_themselves(
    player: Score, token: str, lap: Action, nothing_written: NothingWritten
) -> None:
    lap.receipt_required = False
    lap.save()
    with nothing_written():
        read_problem(update({"action": "daily-quiz"}, token=token, key="one"), 422, "receipt_required")


def test_the_same_id_with_another_value_is_another_receipt(player: Score, token: str, lap: Action) -> None:
    claims: dict[str, Any] = make_claims(player, val=5)
    first = update({"receipt": sign(claims)}, token=token)
    again = update({"receipt": sign(claims)}, token=token)
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    read_problem(update({"receipt": sign({**claims, "val": 4})}, token=token), 409, "receipt_used")
    assert AuditEntry.objects.filter(player=player.pk).count() == 1


@pytest.mark.parametrize("changed", [None, 4, 2**53 - 1])
def test_a_value_that_was_changed_is_found(player: Score, token: str, lap: Action, changed: int | None) -> None:
    update({"receipt": make_receipt(player, val=5)}, token=token)
    with tampering():
        AuditEntry.objects.filter(player=player.pk).update(value=changed)
        assert "mac" in {finding.rule for finding in verify()}


def test_a_value_that_was_added_is_found(player: Score, token: str, daily_quiz: Action) -> None:
    update({"action": "daily-quiz"}, token=token, key="one")
    with tampering():
        AuditEntry.objects.filter(player=player.pk).update(value=0)
        assert "mac" in {finding.rule for finding in verify()}


def test_only_an_action_that_takes_one_says_so_in_seal_and_log(db: None) -> None:
    """So what was sealed and logged before there were values still holds."""
    quiz = set_action(slug="quiz", label="Quiz", points=5, actor="system")
    timed = set_action(slug="lap", label="Lap", points=5, takes_value=True, actor="system")
    assert "takes_value" not in describe_terms(quiz)
    assert "takes_value=True" in describe_terms(timed)
    Action.objects.filter(pk="quiz").update(takes_value=True)
    assert not Action.objects.get(pk="quiz").is_sealed
