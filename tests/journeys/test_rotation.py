"""Each rotation of docs/operations.md, step by step: nothing that was sealed, signed or earned is in doubt after it."""

import contextlib
import json
from collections.abc import Callable
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from audit.checkpoints import sign_checkpoints
from audit.keys import encode_base64url, new_checkpoint_keys, new_ledger_keys
from audit.models import AuditEntry
from scores.models import Score
from tests.support.acting import HEADER, PASSWORD, access_token, make_claims, make_player, make_receipt, sign, update
from tests.support.servers import ScoreboardServer


def write(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def read(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


@pytest.fixture
def player(db: None, settings: Settings, tmp_path: Path) -> Score:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")
    call_command("make_action", "daily-quiz", points=10, stdout=StringIO())
    return make_player()


def earn(player: Score, key: str) -> None:
    assert update({"action": "daily-quiz"}, token=access_token(player), key=key).status_code == 200


def verify(pinned: str) -> str:
    """What verification says; it ends with SystemExit on any finding."""
    out = StringIO()
    call_command("verify_ledger", pinned=Path(pinned), stdout=out)
    return out.getvalue()


def test_the_ledger_key(player: Score, settings: Settings, tmp_path: Path) -> None:
    old, fresh = read(settings.LEDGER_KEYS_FILE), json.loads(new_ledger_keys())
    earn(player, "before")
    sign_checkpoints()
    both = {**old["keys"], **fresh["keys"]}
    known = write(tmp_path / "step-1.json", {"current": old["current"], "keys": both})
    in_use = write(tmp_path / "step-2.json", {"current": fresh["current"], "keys": both})
    # Nodes are a step apart for a while: each goes on where the other left off.
    for number, file in enumerate((known, in_use, known, in_use)):
        settings.LEDGER_KEYS_FILE = file
        earn(player, f"key-{number}")
    kids = list(AuditEntry.objects.filter(player=player.pk).order_by("seq").values_list("kid", flat=True))
    assert kids == [old["current"]] * 2 + [fresh["current"], old["current"], fresh["current"]]
    sign_checkpoints()
    assert "no findings" in verify(settings.CHECKPOINT_EXPORT)
    settings.LEDGER_KEYS_FILE = write(tmp_path / "removed.json", fresh)
    with pytest.raises(SystemExit):
        verify(settings.CHECKPOINT_EXPORT)


def test_the_checkpoint_key(player: Score, settings: Settings, tmp_path: Path) -> None:
    old, fresh = read(settings.CHECKPOINT_KEY_FILE), json.loads(new_checkpoint_keys())
    both = {**old["public"], **fresh["public"]}
    earn(player, "before")
    sign_checkpoints()
    verifying = write(tmp_path / "step-1.json", {"current": old["current"], "public": both})
    sealing = write(tmp_path / "step-2.json", {**fresh, "public": both})
    settings.CHECKPOINT_KEY_FILE = sealing
    earn(player, "after")
    assert [checkpoint.number for checkpoint in sign_checkpoints()] == [2]
    for file in (sealing, verifying):
        settings.CHECKPOINT_KEY_FILE = file
        assert "no findings" in verify(settings.CHECKPOINT_EXPORT)


def test_an_issuers_key(player: Score, settings: Settings, tmp_path: Path) -> None:
    fresh = Ed25519PrivateKey.generate()
    document = read(settings.RECEIPT_ISSUERS_FILE)
    document["test-backend"]["keys"]["test-2"] = encode_base64url(fresh.public_key().public_bytes_raw())
    settings.RECEIPT_ISSUERS_FILE = write(tmp_path / "step-1.json", document)
    token = access_token(player)
    by_new = sign(make_claims(player), {**HEADER, "kid": "test-2"}, fresh)
    for receipt in (make_receipt(player), by_new):
        assert update({"receipt": receipt}, token=token).status_code == 200
    sign_checkpoints()
    assert "no findings" in verify(settings.CHECKPOINT_EXPORT)
    del document["test-backend"]["keys"]["test-1"]
    settings.RECEIPT_ISSUERS_FILE = write(tmp_path / "leaked.json", document)
    assert update({"receipt": make_receipt(player)}, token=token).status_code == 422
    with pytest.raises(SystemExit):
        verify(settings.CHECKPOINT_EXPORT)


def test_an_issuer_that_retires(player: Score, settings: Settings, tmp_path: Path) -> None:
    assert update({"receipt": make_receipt(player)}, token=access_token(player)).status_code == 200
    sign_checkpoints()
    document = read(settings.RECEIPT_ISSUERS_FILE)
    document["test-backend"]["actions"] = {}
    settings.RECEIPT_ISSUERS_FILE = write(tmp_path / "retired.json", document)
    assert update({"receipt": make_receipt(player)}, token=access_token(player)).status_code == 422
    assert "no findings" in verify(settings.CHECKPOINT_EXPORT)


@pytest.mark.parametrize("name", ["JWT_SIGNING_KEY", "SECRET_KEY"])
def test_the_keys_of_tokens(
    name: str, transactional_db: None, scoreboard_server: Callable[..., ScoreboardServer], client: Client
) -> None:
    call_command("make_action", "daily-quiz", points=10, stdout=StringIO())
    player = make_player()
    pair = client.post("/api/token", {"username": "ada", "password": PASSWORD}, "application/json").json()
    earn(player, "before")
    server = scoreboard_server(**{name: "another-key-that-was-drawn-at-random-0123456789-abcdefghijk"})
    body = json.dumps({"action": "daily-quiz"}).encode()
    assert ask(server, "PATCH", "/api/score/update", body, pair["access"])[0] == 401
    assert ask(server, "POST", "/api/token/refresh", json.dumps({"refresh": pair["refresh"]}).encode())[0] == 401
    credentials = json.dumps({"username": "ada", "password": PASSWORD}).encode()
    status, fresh = ask(server, "POST", "/api/token", credentials)
    assert status == 200
    status, award = ask(server, "PATCH", "/api/score/update", body, fresh["access"])
    assert (status, award["score"]) == (200, 20)


def ask(server: ScoreboardServer, method: str, path: str, body: bytes, access: str = "") -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "after", "Authorization": f"Bearer {access}"}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers if access else {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
