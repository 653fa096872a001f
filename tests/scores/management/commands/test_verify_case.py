"""manage.py verify_case: what a case file proves, a line for each part, and 1 where a part does not hold."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError

from scores.models import Score
from tests.support.commands import call


@pytest.fixture
def file(players: list[Score], tmp_path: Path) -> Path:
    """Ada's case."""
    path = tmp_path / "case.json"
    path.write_text(call("case_file", players[0].pk))
    return path


def test_a_case_that_holds_says_by_what(file: Path, players: list[Score], export: Path) -> None:
    keys = ("--ledger-keys", settings.LEDGER_KEYS_FILE, "--checkpoint-key", settings.CHECKPOINT_KEY_FILE)
    copies = ("--pinned", export, "--issuers", settings.RECEIPT_ISSUERS_FILE)
    first, *parts, last = call("verify_case", file, *keys, *copies).splitlines()
    assert first == f"Case of Ada ({players[0].pk}), {players[0].seq} entries."
    assert {part.partition(":")[0] for part in parts} == {"HOLDS", "OPEN"}
    assert last == "No findings."


def test_without_a_key_it_says_what_stays_open(file: Path) -> None:
    lines = call("verify_case", file).splitlines()
    assert len([line for line in lines if line.startswith("OPEN: ")]) == 5
    assert lines[-1] == "No findings."


def test_a_changed_one_ends_with_a_code(file: Path) -> None:
    file.write_text(file.read_text().replace('"name": "Ada"', '"name": "Eve"'))
    with pytest.raises(SystemExit) as end:
        call("verify_case", file, "--ledger-keys", settings.LEDGER_KEYS_FILE)
    assert end.value.code == 1


@pytest.mark.parametrize(("text", "sentence"), [("{", "^FINDING: "), ("[]", "^FINDING: ")])
def test_what_is_no_case_is_a_finding_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "case.json").write_text(text)
    with pytest.raises(CommandError, match=sentence):
        call("verify_case", tmp_path / "case.json")
    with pytest.raises(CommandError, match="No such file or directory"):
        call("verify_case", tmp_path / "nowhere.json")
