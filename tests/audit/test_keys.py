"""Key files are read whole or refused with a sentence, and what they hold is spelled in one way."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from audit.keys import (
    LedgerKeyMissing,
    decode_base64url,
    encode_base64url,
    find_ledger_key,
    load_checkpoint_keys,
    load_keyring,
    new_checkpoint_keys,
    new_ledger_keys,
    read_checkpoint_keys,
    read_keyring,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_what_is_made_anew_can_be_read_and_is_never_the_same(file: Path) -> None:
    file.write_text(new_ledger_keys())
    keyring = read_keyring(str(file))
    assert list(keyring.keys) == [keyring.current]
    assert len(keyring.keys[keyring.current]) == 32
    other = file.with_name("checkpoint.json")
    other.write_text(new_checkpoint_keys())
    keys = read_checkpoint_keys(str(other))
    assert keys.private is not None
    assert keys.public == {keys.current: keys.private.public_key()}
    assert new_ledger_keys() != new_ledger_keys()
    assert new_checkpoint_keys() != new_checkpoint_keys()


@pytest.mark.parametrize("text", ["AA==", "AB", "+/8", "A", "é", "AA AA", "AA\n"])
def test_base64url_has_one_spelling(text: str) -> None:
    assert decode_base64url(encode_base64url(b"\x00\xfb\xff")) == b"\x00\xfb\xff"
    with pytest.raises(ValueError, match=r"base64url|ASCII"):
        decode_base64url(text)


KEY = encode_base64url(bytes(32))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"current": "a", "keys": {"b": KEY}}, "must look like"),
        ({"keys": {"a": KEY}}, "must look like"),
        ({"current": "a", "keys": [KEY]}, "must look like"),
        ({"current": "a", "keys": {"a": KEY + "="}}, "must look like"),
        ({"current": "a", "keys": {"a": KEY, "b": encode_base64url(bytes(31))}}, "holds a key of less than 32 bytes"),
    ],
)
def test_a_keyring_of_another_form_is_refused(file: Path, document: Any, sentence: str) -> None:
    file.write_text(json.dumps(document))
    with pytest.raises(ImproperlyConfigured, match=sentence) as raised:
        read_keyring(str(file))
    assert str(raised.value).startswith(f"LEDGER_KEYS_FILE ({file})")


def test_a_file_that_cannot_be_read_is_named(file: Path, settings: Settings) -> None:
    settings.LEDGER_KEYS_FILE = settings.CHECKPOINT_KEY_FILE = str(file)
    for load, setting in ((load_keyring, "LEDGER_KEYS_FILE"), (load_checkpoint_keys, "CHECKPOINT_KEY_FILE")):
        with pytest.raises(ImproperlyConfigured, match=f"^{setting} names {file}, which cannot be read as JSON"):
            load()
    settings.CHECKPOINT_KEY_FILE = ""
    with pytest.raises(ImproperlyConfigured, match="CHECKPOINT_KEY_FILE is not set"):
        load_checkpoint_keys()


def test_a_private_key_that_is_not_that_of_current_is_refused(file: Path) -> None:
    document = json.loads(new_checkpoint_keys())
    document["private"] = KEY
    file.write_text(json.dumps(document))
    with pytest.raises(ImproperlyConfigured, match='"private" does not belong to the key of "current"'):
        read_checkpoint_keys(str(file))


def test_a_key_that_is_not_here_is_named() -> None:
    assert find_ledger_key("ledger-1") == load_keyring().keys["ledger-1"]
    with pytest.raises(LedgerKeyMissing, match=r"lacks the key 'ledger-7', which the log was sealed with"):
        find_ledger_key("ledger-7")
