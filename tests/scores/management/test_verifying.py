"""Whose keys a reader pins, and how commands that check a file say what they found."""

import io
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import OutputWrapper

from audit.blocks import Block, sign
from audit.keys import load_checkpoint_keys
from audit.verification import CheckResult
from scores.management.verifying import read_public_keys, report

PUBLIC = json.loads(Path(settings.CHECKPOINT_KEY_FILE).read_text())["public"]


def test_a_key_may_be_a_key_file_a_set_or_the_key_itself(tmp_path: Path) -> None:
    keys = load_checkpoint_keys()
    block = sign(Block(2, 1, 1, "", 1, 0, "0" * 64), keys)
    keyset = tmp_path / "scoreboard-keys"
    keyset.write_text(
        json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x} for kid, x in PUBLIC.items()]})
    )
    for given in (settings.CHECKPOINT_KEY_FILE, str(keyset), PUBLIC[keys.current]):
        found = read_public_keys(given, [block])
        assert found is not None
        assert found.public[keys.current] == keys.public[keys.current]
    assert read_public_keys(None, [block]) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[]",
        '{"keys": [{}]}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "?"}]}',
    ],
)
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises((ValueError, ImproperlyConfigured)):
        read_public_keys(str(tmp_path / "keys"), [])


@pytest.mark.parametrize("text", ["", "AAAA", "no key"])
def test_a_text_that_is_no_key_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, OSError)):
        read_public_keys(text or str(tmp_path), [])


def test_a_finding_ends_with_a_code() -> None:
    out = io.StringIO()
    report(OutputWrapper(out), [CheckResult(True, "Good."), CheckResult(None, "Unknown.")])
    lines = out.getvalue().splitlines()
    assert (lines[:2], lines[-1]) == (["HOLDS: Good.", "OPEN: Unknown."], "No findings.")
    with pytest.raises(SystemExit) as end:
        report(OutputWrapper(out), [CheckResult(False, "Bad.")])
    assert (end.value.code, out.getvalue().splitlines()[-1]) == (1, "1 FINDINGS.")
