"""The other side of receipts: keys in every form they come in, a registry that stays whole, and receipts that hold."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.keys import encode_base64url
from scores.receipts.signing import (
    add_to_registry,
    decode_private_key,
    encode_private_key,
    encode_public_key,
    make_issuer,
    sign_receipt,
)
from scores.receipts.verifier import examine
from tests.support.acting import ISSUER_KEY

KEY = Ed25519PrivateKey.generate()
SEED = encode_base64url(KEY.private_bytes_raw())


@pytest.mark.parametrize(
    "text", [encode_private_key(KEY), f"# from make_issuer:\n{encode_private_key(KEY)}", f" {SEED}\n"]
)
def test_a_key_is_the_same_in_every_form(text: str) -> None:
    assert encode_public_key(decode_private_key(text)) == encode_public_key(KEY)


def test_what_is_no_ed25519_key_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (other, SEED[:-1], "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"):
        with pytest.raises(ValueError, match=r"."):
            decode_private_key(text)


def test_an_entry_that_could_not_be_trusted_is_not_made() -> None:
    assert make_issuer("quiz", "quiz-1", KEY, {"daily-quiz": 100}) == {
        "quiz": {"keys": {"quiz-1": encode_public_key(KEY)}, "actions": {"daily-quiz": 100}, "min_iat": 0}
    }
    for name, maximum in (("quiz backend", 100), ("quiz", 0)):
        with pytest.raises(ValueError, match=r"."):
            make_issuer(name, "quiz-1", KEY, {"daily-quiz": maximum})


def test_a_registry_gains_keys_and_actions_and_keeps_its_rights_and_what_it_had(tmp_path: Path) -> None:
    registry = tmp_path / "issuers.json"
    first = make_issuer("quiz", "quiz-1", KEY, {"daily-quiz": 100})
    add_to_registry(registry, first)
    assert (json.loads(registry.read_text()), registry.stat().st_mode & 0o777) == (first, 0o644)
    registry.chmod(0o600)
    other = Ed25519PrivateKey.generate()
    add_to_registry(registry, make_issuer("quiz", "quiz-2", other, {"visit": 5}))
    assert json.loads(registry.read_text())["quiz"] == {
        "keys": {"quiz-1": encode_public_key(KEY), "quiz-2": encode_public_key(other)},
        "actions": {"daily-quiz": 100, "visit": 5},
        "min_iat": 0,
    }
    assert (registry.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [registry])


def test_a_signed_receipt_holds_for_as_long_as_asked() -> None:
    player = str(uuid4())
    words = {"kid": "test-1", "issuer": "test-backend", "player": player, "action": "daily-quiz", "points": 30}
    receipt = examine(sign_receipt(ISSUER_KEY, **words, lifetime=60))  # type: ignore[arg-type]
    assert (receipt.fault, receipt.claims is not None) == ("", True)
    claims = receipt.claims
    assert claims is not None
    assert (claims["sub"], claims["act"], claims["pts"], claims["exp"] - claims["iat"]) == (
        player,
        "daily-quiz",
        30,
        60,
    )
