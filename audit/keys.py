"""Key files of the audit log: the keyring that seals entries and the key pairs that sign checkpoints.

Both are JSON files apart from SECRET_KEY and the database, so that a thief of either cannot forge the log:
`{"current": KID, "keys": {KID: BASE64URL}}` and
`{"current": KID, "private": BASE64URL_ED25519_SEED, "public": {KID: BASE64URL_PUBLIC}}`.
"""

import base64
import binascii
import functools
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32


@dataclass(frozen=True)
class Keyring:
    """HMAC keys by kid; `current` seals new entries, the others stay for verifying old ones."""

    current: str
    keys: dict[str, bytes]


class LedgerKeyMissing(ImproperlyConfigured):
    """What was sealed with a key that this host lacks can neither be checked nor followed: no tampering, but nothing goes on."""

    def __init__(self, kid: str) -> None:
        super().__init__(
            f"LEDGER_KEYS_FILE ({settings.LEDGER_KEYS_FILE}) lacks the key {kid!r}, which the log was sealed with. Add it from the "
            "key file of the host that sealed it: a backup of the database needs the keys of its time."
        )


def encode_base64url(data: bytes) -> str:
    """base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """The reverse; raises ValueError for anything but the one canonical spelling."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None
    if encode_base64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def new_ledger_keys() -> str:
    """The text of a fresh LEDGER_KEYS_FILE."""
    kid = f"ledger-{secrets.token_hex(4)}"
    return json.dumps({"current": kid, "keys": {kid: encode_base64url(secrets.token_bytes(KEY_BYTES))}})


def new_checkpoint_keys() -> str:
    """The text of a fresh CHECKPOINT_KEY_FILE."""
    kid = f"checkpoint-{secrets.token_hex(4)}"
    private = Ed25519PrivateKey.generate()
    seed, public = private.private_bytes_raw(), private.public_key().public_bytes_raw()
    return json.dumps({"current": kid, "private": encode_base64url(seed), "public": {kid: encode_base64url(public)}})


def load_keyring() -> Keyring:
    """The keyring of LEDGER_KEYS_FILE; ImproperlyConfigured with a sentence when it cannot be used."""
    return _parse_keyring(settings.LEDGER_KEYS_FILE)


def find_ledger_key(kid: str) -> bytes:
    """The key of this kid; raises LedgerKeyMissing."""
    try:
        return load_keyring().keys[kid]
    except KeyError:
        raise LedgerKeyMissing(kid) from None


def read_keyring(path: str) -> Keyring:
    """The keyring of another file of that form."""
    return _parse_keyring(path)


@functools.lru_cache(maxsize=4)
def _parse_keyring(path: str) -> Keyring:
    document = _read_json("LEDGER_KEYS_FILE", path)
    try:
        keys = {kid: decode_base64url(text) for kid, text in document["keys"].items()}
        keyring = Keyring(current=document["current"], keys=keys)
        keyring.keys[keyring.current]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ImproperlyConfigured(
            f'LEDGER_KEYS_FILE ({path}) must look like {{"current": KID, "keys": {{KID: BASE64URL}}}}.'
        ) from None
    if any(len(key) < KEY_BYTES for key in keys.values()):
        raise ImproperlyConfigured(f"LEDGER_KEYS_FILE ({path}) holds a key of less than {KEY_BYTES} bytes.")
    return keyring


def _read_json(setting: str, path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{setting} names {path}, which cannot be read as JSON: {error}.") from None


@dataclass(frozen=True)
class CheckpointKeys:
    """Key pairs by kid: `private` belongs to `current` and is there only where sealing runs; the public ones stay for verifying."""

    current: str
    private: Ed25519PrivateKey | None
    public: dict[str, Ed25519PublicKey]


def load_checkpoint_keys() -> CheckpointKeys:
    """The keys of CHECKPOINT_KEY_FILE; ImproperlyConfigured with a sentence when they cannot be used."""
    if not settings.CHECKPOINT_KEY_FILE:
        raise ImproperlyConfigured("CHECKPOINT_KEY_FILE is not set. Name the JSON file of the checkpoints' keys.")
    return _parse_checkpoint_keys(settings.CHECKPOINT_KEY_FILE)


def read_checkpoint_keys(path: str) -> CheckpointKeys:
    """The keys of another file of that form."""
    return _parse_checkpoint_keys(path)


class Jwk(TypedDict):
    """A public Ed25519 key (RFC 7517; RFC 8037, section 2)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


class JwkSet(TypedDict):
    """A set of them."""

    keys: list[Jwk]


def to_jwk_set(keys: CheckpointKeys) -> JwkSet:
    """Shape the public keys as a JWK set (RFC 7517, section 5), by key id."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": encode_base64url(public.public_bytes_raw()),
                "kid": kid,
                "alg": "EdDSA",
                "use": "sig",
            }
            for kid, public in sorted(keys.public.items())
        ]
    }


def read_jwk_set(document: Any) -> CheckpointKeys:
    """Read public keys from a JWK set (RFC 7517; RFC 8037, section 2), as /.well-known/scoreboard-keys has it. Raises ValueError."""
    try:
        found = {
            key["kid"]: Ed25519PublicKey.from_public_bytes(decode_base64url(key["x"]))
            for key in document["keys"]
            if (key["kty"], key["crv"]) == ("OKP", "Ed25519")
        }
    except (KeyError, TypeError, AttributeError):
        raise ValueError("This is no JWK set of Ed25519 keys.") from None
    return CheckpointKeys(current="", private=None, public=found)


@functools.lru_cache(maxsize=4)
def _parse_checkpoint_keys(path: str) -> CheckpointKeys:
    document = _read_json("CHECKPOINT_KEY_FILE", path)
    try:
        public = {
            kid: Ed25519PublicKey.from_public_bytes(decode_base64url(text)) for kid, text in document["public"].items()
        }
        seed = document.get("private")
        private = Ed25519PrivateKey.from_private_bytes(decode_base64url(seed)) if seed else None
        keys = CheckpointKeys(current=document["current"], private=private, public=public)
        matches = private is None or private.public_key() == public[keys.current]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ImproperlyConfigured(
            f'CHECKPOINT_KEY_FILE ({path}) must look like {{"current": KID, "private": BASE64URL_ED25519_SEED, '
            '"public": {KID: BASE64URL_PUBLIC}}; "private" only where sealing runs.'
        ) from None
    if not matches:
        raise ImproperlyConfigured(f'CHECKPOINT_KEY_FILE ({path}): "private" does not belong to the key of "current".')
    return keys
