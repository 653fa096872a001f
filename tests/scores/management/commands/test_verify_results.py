"""manage.py verify_results: yes or no, offline, with the reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError

from audit.ledger import EntryDraft
from scores.board.archive import read_results
from scores.chain import append_entry
from scores.counting.definitions import make_board
from tests.support.acting import make_player
from tests.support.commands import call, run

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture
def file(turn_clock: Callable[[datetime], None], exported: Path, tmp_path: Path) -> Path:
    """The results of a week that was stated."""
    turn_clock(MONDAY)
    make_board(slug="weekly", label="Weekly", counts="*", rule="sum", span="week", actor="system")
    ada = make_player("Ada")
    append_entry(ada, EntryDraft(kind="award", delta=5, action="lap", actor=str(ada.pk), context={}))
    turn_clock(MONDAY + timedelta(days=8))
    call("seal_ledger")
    path = tmp_path / "results"
    with read_results("weekly", "2026-W47").file as results:
        path.write_bytes(results.read())
    return path


def test_results_that_were_stated_hold(file: Path, exported: Path) -> None:
    lines = call(
        "verify_results", file, "--pinned", exported, "--checkpoint-key", settings.CHECKPOINT_KEY_FILE
    ).splitlines()
    assert lines[0] == "HOLDS: Places: 1. Their ranks, order and numbers hold."
    assert lines[1].startswith("HOLDS: Checkpoint ")
    assert lines[1].endswith(" states exactly these results of board:weekly/2026-W47.")
    assert lines[-1] == "No findings."


def test_it_needs_no_database_and_says_why_not(file: Path, exported: Path) -> None:
    public = json.loads(Path(settings.CHECKPOINT_KEY_FILE).read_text())["public"]["checkpoint-1"]
    file.write_text(file.read_text().replace(" 5 ", " 6 "))
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    done = run("verify_results", str(file), "--pinned", str(exported), "--checkpoint-key", public, DATABASE_URL=nowhere)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1] == "FINDING: No checkpoint that was given states these results."
    assert done.stdout.splitlines()[-1] == "1 FINDINGS."


@pytest.mark.parametrize("options", [("--pinned", "nowhere"), ("--checkpoint-key", "no key")])
def test_what_cannot_be_read_is_said_in_a_sentence(file: Path, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call("verify_results", file, *options)
    no_keys = file.parent / "no-keys"
    no_keys.write_text("{}")
    with pytest.raises(CommandError, match="must look like"):
        call("verify_results", file, "--checkpoint-key", no_keys)
    with pytest.raises(CommandError, match="No such file"):
        call("verify_results", file.parent / "nowhere")
