"""manage.py make_keys: what a new site needs, and never in place of what is there."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.keys import load_checkpoint_keys, load_keyring
from scores.receipts.issuers import Registry


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    for name in ("LEDGER_KEYS_FILE", "CHECKPOINT_KEY_FILE", "RECEIPT_ISSUERS_FILE"):
        setattr(settings, name, str(tmp_path / f"{name.lower()}.json"))
    return tmp_path


def make_keys() -> list[str]:
    out = StringIO()
    call_command("make_keys", stdout=out)
    return [line.partition(" ")[2] for line in out.getvalue().splitlines()]


def test_missing_files_are_made_for_their_owner_alone_and_can_be_used(folder: Path, settings: Settings) -> None:
    assert make_keys() == ["made."] * 3
    assert load_keyring().current.startswith("ledger-")
    assert load_checkpoint_keys().private is not None
    Registry(settings.RECEIPT_ISSUERS_FILE)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_is_there_stays_as_it_is(folder: Path) -> None:
    make_keys()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    (folder / "receipt_issuers_file.json").unlink()
    assert make_keys() == ["is there already and stays as it is."] * 2 + ["made."]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_setting_that_names_nothing_makes_nothing(folder: Path, settings: Settings) -> None:
    settings.CHECKPOINT_KEY_FILE = ""
    assert make_keys() == ["made."] * 2
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_is_not_there_is_named(folder: Path, settings: Settings) -> None:
    settings.LEDGER_KEYS_FILE = str(folder / "absent/keys.json")
    with pytest.raises(
        CommandError, match=r"^LEDGER_KEYS_FILE names .*, which cannot be made: No such file or directory\.$"
    ):
        make_keys()
    assert list(folder.iterdir()) == []
