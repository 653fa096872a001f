"""One entry checked on the spot: each check says what holds, what does not, or why it cannot be said."""

from typing import Any
from uuid import uuid4

import pytest

from audit.entry_check import KeptReceipt, check_entry, read_receipt
from audit.models import AuditEntry
from tests.support.acting import HEADER, make_claims, make_receipt
from tests.support.chains import grow
from tests.support.commands import call
from tests.support.tampering import tampering

SOUND = {"Seal": True, "Chain": True, "Context": True}


@pytest.fixture
def entry(db: None) -> AuditEntry:
    """The second of three, not in a checkpoint yet."""
    player, head = uuid4(), None
    for _ in range(3):
        head = grow(player, head)
    return AuditEntry.objects.get(player=player, seq=2)


def examine(entry: AuditEntry) -> dict[str, bool | None]:
    return {answer.subject: answer.holds for answer in check_entry(entry)}


def test_what_no_checkpoint_covers_yet_cannot_be_said(entry: AuditEntry) -> None:
    assert examine(entry) == {**SOUND, "Checkpoint": None}
    assert check_entry(entry)[-1].sentence == "No checkpoint covers it yet; manage.py seal_ledger makes one."


def test_a_checkpoint_over_a_later_entry_covers_it(entry: AuditEntry) -> None:
    call("seal_ledger")
    assert examine(entry) == {**SOUND, "Checkpoint": True}
    [sentence] = [answer.sentence for answer in check_entry(entry) if answer.subject == "Checkpoint"]
    assert sentence.startswith("Checkpoint 1 of ")
    assert sentence.endswith(" signed entry 3, to which the chain leads from here.")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"actor": "x"}, {"Seal", "Checkpoint"}),
        ({"delta": 2}, {"Seal", "Chain", "Checkpoint"}),
        ({"context": {"reason": "x"}}, {"Context"}),
        ({"context": None}, {"Context"}),
    ],
)
def test_what_was_changed_is_told_from_what_holds(entry: AuditEntry, changes: dict[str, Any], broken: set[str]) -> None:
    call("seal_ledger")
    with tampering():
        AuditEntry.objects.filter(pk=entry.pk).update(**changes)
        entry.refresh_from_db()
        assert {subject for subject, holds in examine(entry).items() if holds is False} == broken


def test_a_receipt_is_read_without_being_trusted() -> None:
    player = uuid4()
    claims = make_claims(player)
    text = make_receipt(player, **claims)
    assert read_receipt({"receipt": text}) == KeptReceipt(text, HEADER, claims)
    assert read_receipt({"receipt": "a.b"}) == KeptReceipt("a.b", None, None)
    without: list[Any] = [{}, {"receipt": 5}, None, []]
    assert [read_receipt(context) for context in without] == [None] * 4
