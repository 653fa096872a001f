"""manage.py verify_case: what a case file proves, a line for each part, and 1 where a part does not hold."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from scores.integrity.proof import write_proof
from scores.models import Score
from tests.support.commands import call, run


@pytest.fixture
def file(players: list[Score], tmp_path: Path) -> Path:
    """Ada's case."""
    path = tmp_path / "case.json"
    path.write_text(call("case_file", players[0].pk))
    return path


def test_a_case_that_holds_says_by_what(file: Path, players: list[Score], export: Path) -> None:
    keys = ("--ledger-keys", settings.LEDGER_KEYS_FILE, "--checkpoint-key", settings.CHECKPOINT_KEY_FILE)
    copies = ("--pinned", export, "--issuers", settings.RECEIPT_ISSUERS_FILE)
    first, *parts, limits, last = call("verify_case", file, *keys, *copies).splitlines()
    assert first == f"Case of Ada ({players[0].pk}), {players[0].seq} entries."
    assert {part.partition(":")[0] for part in parts} == {"HOLDS", "OPEN"}
    assert limits.startswith("Not proved: ")
    assert last == "No findings."


def test_a_proof_is_checked_by_the_same_command(players: list[Score], tmp_path: Path) -> None:
    file, keys = tmp_path / "proof.ndjson", ("--checkpoint-key", settings.CHECKPOINT_KEY_FILE)
    lines = list(write_proof(players[0]))
    file.write_bytes(b"".join(lines))
    *parts, limits, last = call("verify_case", file, *keys).splitlines()
    assert parts[0].startswith("HOLDS: Entries: ")
    assert limits.startswith("Not proved: ")
    assert last == "No findings."
    file.write_bytes(b"".join(lines[:-1]))
    done = run("verify_case", str(file), *keys)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == "1 FINDINGS."


def test_without_a_key_it_says_what_stays_open(file: Path) -> None:
    lines = call("verify_case", file).splitlines()
    assert len([line for line in lines if line.startswith("OPEN: ")]) == 5
    assert lines[-1] == "No findings."


def test_a_changed_one_ends_with_a_code(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(file.read_text().replace('"name": "Ada"', '"name": "Eve"'))
    with pytest.raises(SystemExit) as end:
        call_command("verify_case", str(file), ledger_keys=settings.LEDGER_KEYS_FILE)
    assert end.value.code == 1
    assert capsys.readouterr().out.endswith("1 FINDINGS.\n")


@pytest.mark.parametrize(("text", "sentence"), [("{", "^FINDING: "), ("[]", "^FINDING: ")])
def test_what_is_no_case_is_a_finding_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "case.json").write_text(text)
    with pytest.raises(CommandError, match=sentence):
        call("verify_case", tmp_path / "case.json")
    with pytest.raises(CommandError, match="No such file or directory"):
        call("verify_case", tmp_path / "nowhere.json")


def test_it_needs_no_database_and_one_key_as_text_will_do(players: list[Score], export: Path, tmp_path: Path) -> None:
    call("seal_ledger")
    file = tmp_path / "case.json"
    file.write_text(call("case_file", players[0].pk))
    public = json.loads(Path(settings.CHECKPOINT_KEY_FILE).read_text())["public"]["checkpoint-1"]
    keys = ("--ledger-keys", settings.LEDGER_KEYS_FILE, "--checkpoint-key", public)
    copies = ("--pinned", str(export), "--issuers", settings.RECEIPT_ISSUERS_FILE)
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere", "REDIS_URL": ""}
    done = run("verify_case", str(file), *keys, *copies, before=None, **nowhere)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    first, *parts, limits, last = done.stdout.splitlines()
    assert first == f"Case of Ada ({players[0].pk}), {players[0].seq} entries."
    assert {part.partition(":")[0] for part in parts} == {"HOLDS"}
    assert limits.startswith("Not proved: ")
    assert last == "No findings."
