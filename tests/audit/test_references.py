"""What may happen only once is named in one grammar, and the database reads an issuer out of it as Python does."""

from uuid import UUID

import pytest

from audit import references
from audit.models import AuditEntry

ADA, GRACE = UUID(int=1), UUID(int=2)
RECEIPT = references.receipt_ref("test-backend", "an-id")
REPORT = references.self_report_ref(ADA, "key")
REVERSAL = references.reversal_ref(ADA, 3)
IMPORT = references.import_ref("0a" * 32, 17)


def test_the_grammar_is_the_one_that_is_in_every_log() -> None:
    assert RECEIPT == "r:test-backend:an-id"
    assert f"k:{ADA}:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683" == REPORT
    assert f"v:{ADA}:3" == REVERSAL
    assert f"i:{'0a' * 32}:17" == IMPORT
    assert all(references.REFERENCE.fullmatch(ref) for ref in (RECEIPT, REPORT, REVERSAL, IMPORT))


@pytest.mark.parametrize(
    ("ref", "proof", "issuer"),
    [
        (RECEIPT, "verified", "test-backend"),
        (REPORT, "self-reported", ""),
        (REVERSAL, "", ""),
        (IMPORT, "imported", ""),
        (None, "", ""),
    ],
)
def test_what_an_entry_rests_on_is_read_out_of_it(ref: str | None, proof: str, issuer: str) -> None:
    assert (references.describe_proof(ref), references.issuer_of(ref)) == (proof, issuer)
    assert references.is_receipt(ref) == (proof == "verified")
    assert references.is_import(ref) == (proof == "imported")


def test_an_import_names_a_file_and_a_line() -> None:
    assert references.imported_line(IMPORT) == ("0a" * 32, 17)
    assert references.imported_line(references.import_ref("0a" * 32, 0)) == ("0a" * 32, 0)


@pytest.mark.parametrize(
    "ref", [None, RECEIPT, f"{IMPORT}x", IMPORT[:-3], IMPORT.upper(), f"i:{'0a' * 32}:017", "i:0a:3"]
)
def test_what_is_no_reference_of_an_import_names_none(ref: str | None) -> None:
    assert references.imported_line(ref) == ("", 0)


@pytest.mark.parametrize(
    ("ref", "is_own"),
    [(REPORT, True), (REPORT + "0", False), (REPORT[:-1], False), (RECEIPT, False), (REVERSAL, False)],
)
def test_a_self_report_is_of_one_player(ref: str, is_own: bool) -> None:
    assert references.is_self_report_of(ref, ADA) == is_own
    assert not references.is_self_report_of(ref, GRACE)


def test_the_database_finds_the_same(db: None) -> None:
    for seq, ref in enumerate((RECEIPT, REPORT, REVERSAL, references.receipt_ref("test", "an-id")), start=1):
        AuditEntry.objects.create(player=ADA, seq=seq, delta=0, balance=0, at_us=0, ref=ref)
    receipts = AuditEntry.objects.filter(references.BY_RECEIPT).annotate(issuer=references.issuer_expression())
    assert [entry.issuer for entry in receipts.order_by("seq")] == ["test-backend", "test"]
    assert AuditEntry.objects.get(references.of_issuer("test")).seq == 4
    assert AuditEntry.objects.get(references.BY_SELF_REPORT).seq == 2
