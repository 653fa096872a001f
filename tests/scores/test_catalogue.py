"""The catalogue is changed through its service only, and what was changed elsewhere is refused until it is set again."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from audit import chain
from audit.models import AuditEntry
from scores.catalogue import set_action
from scores.models import Action, Score
from tests.support.acting import read_problem, update

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}
TERMS: dict[str, Any] = {"slug": "daily-quiz", "label": "Daily quiz", "points": 10}


def read_changes() -> list[tuple[int, str, str]]:
    entries = AuditEntry.objects.filter(player=chain.SYSTEM_CHAIN).order_by("seq")
    return [(entry.seq, entry.kind, entry.action) for entry in entries]


def test_each_change_is_an_entry_of_the_system_chain_and_the_same_again_is_none(db: None) -> None:
    set_action(actor="system", **TERMS)
    set_action(actor="system", **TERMS)
    set_action(actor="system", **{**TERMS, "points": 11})
    assert read_changes() == [(1, "config", "daily-quiz"), (2, "config", "daily-quiz")]
    action = Action.objects.get()
    assert (action.points, action.change, action.is_sealed) == (11, 2, True)


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Weekly quiz"},
        {"points": 11},
        {"cooldown_seconds": 1},
        {"daily_cap": 1},
        {"receipt_required": True},
        {"change": 0},
        {"seal": ""},
        {"seal": "ledger-1:00"},
    ],
)
def test_a_row_changed_behind_our_back_is_refused_until_it_is_set_again(
    token: str, nothing_written: NothingWritten, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
) -> None:
    set_action(actor="system", **TERMS)
    Action.objects.update(**change)
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 503, "unavailable")
    assert any(record.levelno == logging.CRITICAL and "daily-quiz" in record.getMessage() for record in caplog.records)
    set_action(actor="system", **TERMS)
    assert update(QUIZ, token=token, key="k").json()["delta"] == 10


def test_an_action_switched_on_behind_our_back_is_refused_too(token: str, nothing_written: NothingWritten) -> None:
    set_action(actor="system", **TERMS, enabled=False)
    Action.objects.update(enabled=True)
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 503, "unavailable")


def test_a_seal_is_of_one_row_only(token: str, player: Score, nothing_written: NothingWritten) -> None:
    set_action(actor="system", **TERMS)
    rich = set_action(actor="system", slug="rich", label="Daily quiz", points=1000)
    Action.objects.filter(slug="daily-quiz").update(points=1000, change=rich.change, seal=rich.seal)
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 503, "unavailable")
