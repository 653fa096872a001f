"""What an award rests on is checked again, years later: the receipt, or the line and its statement."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection, transaction

from audit.models import AuditEntry, AwardStatement
from scores.models import Action, Score
from scores.receipts.evidence import EvidenceCheck, find_stored_statement
from scores.receipts.statements import hash_statement
from tests.support.acting import make_player, make_receipt, sign
from tests.support.stated import (
    STATEMENT_HEADER,
    make_call,
    make_line,
    make_statement_claims,
    read_results,
    send_awards,
)

OTHER_KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def ada(db: None, daily_quiz: Action) -> Score:
    return make_player("Ada")


@pytest.fixture
def entry(ada: Score) -> AuditEntry:
    """An award by a line, beside one of another player."""
    call = make_call([make_line(ada), make_line(make_player("Ben"))])
    assert read_results(send_awards(call)) == [(200, 25), (200, 25)]
    return AuditEntry.objects.get(player=ada.pk)


def test_a_line_proves_its_award_and_so_does_a_receipt(entry: AuditEntry, ada: Score) -> None:
    send_awards({"receipts": [make_receipt(ada)]})
    by_receipt = AuditEntry.objects.get(player=ada.pk, seq=2)
    check = EvidenceCheck()
    assert [check.find_fault(each.context or {}, each) for each in (entry, by_receipt)] == ["", ""]


CHANGES: dict[str, tuple[Callable[[AuditEntry], Any], str]] = {
    "another player": (lambda entry: setattr(entry, "player", make_player("Cleo").pk), "line is of another award"),
    "more points": (lambda entry: setattr(entry, "delta", 26), "line is of another award"),
    "another action": (lambda entry: setattr(entry, "action", "other"), "line is of another award"),
    "a value": (lambda entry: setattr(entry, "value", 3), "line is of another award"),
    "another reference": (
        lambda entry: setattr(entry, "ref", f"r:test-backend:{'x' * 22}"),
        "line is of another award",
    ),
    "another time": (
        lambda entry: setattr(entry, "at_us", entry.at_us + 10**9),
        "statement did not hold when the award was made: expiredsignature",
    ),
}


@pytest.mark.parametrize(("change", "fault"), CHANGES.values(), ids=CHANGES.keys())
def test_an_award_that_was_changed_rests_on_nothing(
    change: Callable[[AuditEntry], Any], fault: str, entry: AuditEntry
) -> None:
    change(entry)
    assert EvidenceCheck().find_fault(entry.context or {}, entry) == fault


def test_a_line_that_was_not_signed_proves_nothing(entry: AuditEntry, ada: Score) -> None:
    context = dict(entry.context or {})
    for line, fault in (
        (make_line(ada, 25), "line is not one that its statement signed"),
        (f"{context['line']}0", "line is not one that its statement signed"),
        ("x", "line is none of a statement"),
    ):
        assert EvidenceCheck().find_fault({**context, "line": line}, entry) == fault


def test_a_statement_that_was_changed_proves_nothing(entry: AuditEntry) -> None:
    context = dict(entry.context or {})
    text = find_stored_statement(context["statement"])
    assert text is not None
    forged = sign(make_statement_claims([context["line"]]), STATEMENT_HEADER, OTHER_KEY)
    foreign = sign(make_statement_claims([context["line"]], iss="other"), STATEMENT_HEADER)
    receipt = sign(make_statement_claims([context["line"]]), {**STATEMENT_HEADER, "typ": "score-receipt+jwt"})
    unknown = sign(make_statement_claims([context["line"]]), {**STATEMENT_HEADER, "kid": "test-9"})
    for kept, named, fault in (
        (None, context["statement"], "statement is missing"),
        (forged, context["statement"], "statement is not the one that the entry names"),
        (text[:-3], context["statement"], "statement is not the one that the entry names"),
        (forged, hash_statement(forged), "statement's signature does not hold"),
        (foreign, hash_statement(foreign), "statement has other claims than a statement has"),
        (receipt, hash_statement(receipt), "statement has other claims than a statement has"),
        (
            unknown,
            hash_statement(unknown),
            "statement is signed with a key that RECEIPT_ISSUERS_FILE does not have: 'test-9'",
        ),
    ):
        check = EvidenceCheck(find_statement={named: kept}.get)
        assert check.find_fault({**context, "statement": named}, entry) == fault
    nobody = EvidenceCheck(find_issuer=lambda _: None)
    assert "a key that RECEIPT_ISSUERS_FILE does not have: 'test-1'" in nobody.find_fault(context, entry)


def test_a_statement_is_looked_at_once_for_all_of_its_awards(ada: Score, django_assert_num_queries: Any) -> None:
    send_awards(make_call([make_line(ada) for _ in range(20)]))
    entries = list(AuditEntry.objects.filter(player=ada.pk))
    check = EvidenceCheck()
    with django_assert_num_queries(1):
        assert [check.find_fault(entry.context or {}, entry) for entry in entries] == [""] * 20


def test_statements_are_never_changed_nor_removed(entry: AuditEntry) -> None:
    for statement in ("UPDATE audit_awardstatement SET jws = 'x'", "DELETE FROM audit_awardstatement"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert AwardStatement.objects.count() == 1
