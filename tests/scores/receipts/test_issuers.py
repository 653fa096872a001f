"""The issuers' file: read again when it changes, refused with a sentence when it breaks; what it no longer says ends at once."""

import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from audit.keys import encode_base64url
from scores.models import Score
from scores.receipts.issuers import Registry, parse_issuers
from tests.support.acting import HEADER, ISSUER_KEY, make_claims, make_receipt, read_problem, sign, update
from tests.support.processes import wait_until

NothingWritten = Callable[[], AbstractContextManager[None]]
OTHER_KEY = Ed25519PrivateKey.generate()
PUBLIC = encode_base64url(ISSUER_KEY.public_key().public_bytes_raw())

pytestmark = pytest.mark.usefixtures("no_traceback", "daily_quiz")


@pytest.fixture
def issuers(tmp_path: Path, settings: Settings) -> Path:
    """A file of its own for the issuers, which a test may change."""
    path = tmp_path / "issuers.json"
    path.write_text(Path(os.environ["RECEIPT_ISSUERS_FILE"]).read_text(encoding="utf-8"), encoding="utf-8")
    settings.RECEIPT_ISSUERS_FILE = str(path)
    return path


def entry(**changes: Any) -> dict[str, Any]:
    return {"keys": {"test-1": PUBLIC}, "actions": {"daily-quiz": 100}, "min_iat": 0, **changes}


def replace(path: Path, document: Any) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def answer(player: Score, token: str, **changes: Any) -> int:
    status: int = update({"receipt": make_receipt(player, **changes)}, token=token).status_code
    return status


def test_a_removed_key_ends_its_receipts_without_a_restart(
    player: Score, token: str, issuers: Path, settings: Settings
) -> None:
    settings.SCORE_UPDATE_RATE = None
    assert answer(player, token) == 200
    replace(issuers, {"test-backend": entry(keys={"test-2": PUBLIC})})
    wait_until(lambda: answer(player, token) == 422, seconds=5, what="The removal of the key")
    response = update({"receipt": sign(make_claims(player), {**HEADER, "kid": "test-2"})}, token=token)
    assert response.status_code == 200


def test_min_iat_ends_older_receipts(player: Score, token: str, issuers: Path, nothing_written: NothingWritten) -> None:
    now = int(time.time())
    replace(issuers, {"test-backend": entry(min_iat=now - 10)})
    assert answer(player, token, iat=now - 10) == 200
    with nothing_written():
        assert answer(player, token, iat=now - 11) == 422


def test_an_issuer_cannot_speak_in_anothers_name(
    player: Score, token: str, issuers: Path, nothing_written: NothingWritten
) -> None:
    other = encode_base64url(OTHER_KEY.public_key().public_bytes_raw())
    replace(issuers, {"test-backend": entry(), "other-backend": entry(keys={"other-1": other}, actions={"comment": 5})})
    with nothing_written():
        forged = sign(make_claims(player), {**HEADER, "kid": "other-1"}, OTHER_KEY)
        read_problem(update({"receipt": forged}, token=token), 422, "receipt_invalid")


BROKEN: dict[str, Any] = {
    "not JSON": "{",
    "list": [],
    "issuer a list": {"a": []},
    "no keys": {"a": {"actions": {}}},
    "no actions": {"a": {"keys": {}}},
    "unknown field": {"a": entry(note="x")},
    "key not base64url": {"a": entry(keys={"k": "%"})},
    "key too short": {"a": entry(keys={"k": "AAAA"})},
    "key a number": {"a": entry(keys={"k": 5})},
    "maximum zero": {"a": entry(actions={"daily-quiz": 0})},
    "maximum above all": {"a": entry(actions={"daily-quiz": 1_000_001})},
    "maximum text": {"a": entry(actions={"daily-quiz": "100"})},
    "min_iat text": {"a": entry(min_iat="0")},
    "name with a space": {"a b": entry()},
    "one kid of two issuers": {"a": entry(), "b": entry()},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "issuers.json"
    replace(path, BROKEN[name])
    with pytest.raises(ValueError, match=r"^[A-Z].+\.$"):
        parse_issuers(path.read_bytes())
    with pytest.raises(ImproperlyConfigured, match="RECEIPT_ISSUERS_FILE"):
        Registry(str(path))


def test_a_file_that_breaks_leaves_the_issuers_that_were(
    player: Score, token: str, issuers: Path, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.SCORE_UPDATE_RATE = None
    assert answer(player, token) == 200
    replace(issuers, "{")

    def was_refused() -> bool:
        assert answer(player, token) == 200
        return "The issuers read before stay." in caplog.text

    wait_until(was_refused, seconds=5, what="The refusal of the broken file")


def test_without_a_file_no_receipt_counts(
    player: Score, token: str, settings: Settings, nothing_written: NothingWritten
) -> None:
    settings.RECEIPT_ISSUERS_FILE = ""
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player)}, token=token), 422, "receipt_invalid")


def test_the_most_that_anybody_may_grant_is_known_by_action(issuers: Path) -> None:
    other = {"keys": {}, "actions": {"daily-quiz": 150, "lap": 10}, "min_iat": 0}
    replace(issuers, {"first": entry(), "other": other})
    assert Registry(str(issuers)).read_maxima() == {"daily-quiz": 150, "lap": 10}
    assert Registry("").read_maxima() == {}
