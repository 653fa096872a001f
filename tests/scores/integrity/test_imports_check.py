"""Imported points are of a file that the system chain knows, and say where they came from as it does."""

from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys, load_keyring
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from audit.references import import_ref
from scores.chain import append_entry
from scores.integrity.case import read_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.integrity.case_writing import write_case
from scores.integrity.proof import write_proof
from scores.integrity.proof_verification import check_proof, read_lines
from scores.investigation import corrections
from scores.models import Score
from scores.system_chain import append_system_entry
from tests.support.acting import make_player
from tests.support.imports import import_file, write_scores
from tests.support.tampering import WHY, run_verify, tampering

pytestmark = pytest.mark.django_db


def forge(player: Score, ref: str | None, source: str = "the old board") -> None:
    """What who has the ledger key could write."""
    context = {"source": source, "reason": "a gift"}
    append_entry(player, EntryDraft(kind="import", delta=1, ref=ref, actor="system", context=context))


@pytest.fixture
def digest(tmp_path: Path) -> str:
    path = write_scores(tmp_path, "Ada,7", "Bea,9")
    import_file(path)
    return sha256(path.read_bytes()).hexdigest()


def find_faults() -> list[tuple[str, str]]:
    return [(finding["rule"], finding["detail"]) for finding in run_verify()]


def test_an_import_is_no_finding(digest: str) -> None:
    assert find_faults() == []


@pytest.mark.parametrize("ref", [None, "i:nothing:2", f"k:{UUID(int=1)}:0", "{digest}:0", "{digest}:02"])
def test_an_import_names_a_line_of_a_file(digest: str, ref: str | None) -> None:
    # The file itself is there already, and the reference of the one that is free of it is another spelling.
    named = ref and ref.replace("{digest}", f"i:{'ab' * 32}")
    forge(make_player("Eve"), named)
    assert find_faults() == [("import", "its reference names no line of a file")]


def test_an_import_is_of_a_file_that_was_imported(digest: str) -> None:
    forge(make_player("Eve"), import_ref("ab" * 32, 2))
    assert find_faults() == [("import", "the system chain says of no such file that it was imported")]


def test_an_import_comes_from_where_the_file_does(digest: str) -> None:
    forge(make_player("Eve"), import_ref(digest, 99), source="elsewhere")
    assert find_faults() == [("import", "its source is not that of the file, 'the old board'")]


def test_a_file_that_was_not_sealed_is_none(digest: str) -> None:
    with tampering(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditentry SET actor = 'eve' WHERE action = 'import:'")
        assert {rule for rule, _ in find_faults()} == {"mac", "import"}


def test_a_void_or_an_erasure_of_who_was_imported_is_no_finding(digest: str) -> None:
    ada = Score.objects.get(name="Ada")
    corrections.void(player=ada.pk, seq=1, **WHY)
    corrections.erase_player(player=ada.pk, **WHY)
    assert AuditEntry.objects.get(player=ada.pk, kind="import").context is None
    assert find_faults() == []


def test_another_entry_of_the_system_chain_makes_no_file(digest: str) -> None:
    append_system_entry(action="rebuild:", actor="system", context={"source": "x"}, ref=import_ref("ab" * 32, 0))
    forge(make_player("Eve"), import_ref("ab" * 32, 2), source="x")
    assert [rule for rule, _ in find_faults()] == ["import"]


def test_case_and_proof_of_who_was_imported_hold(exported: Path, digest: str) -> None:
    sign_checkpoints()
    ada = Score.objects.get(name="Ada")
    keys = replace(load_checkpoint_keys(), private=None)
    everything = VerificationKeys(load_keyring(), keys, exported.read_text().split(), {})
    case = "".join(write_case(ada)).encode()
    proof = read_lines(BytesIO(b"".join(write_proof(ada))))
    assert [result for result in check_case(read_case(case), everything) if result.holds is False] == []
    assert [result for result in check_proof(proof, keys) if result.holds is False] == []
