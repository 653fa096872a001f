"""Compact JWS (RFC 7515) as the log keeps them: receipts, and its own checkpoints.

What a caller brings is verified by PyJWT (`scores.receipts.verifier`); this reads what is stored, and verifies Ed25519 alone.
"""

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit import strict_json
from audit.keys import decode_base64url


class Parts(NamedTuple):
    """The three parts, decoded."""

    header: bytes
    payload: bytes
    signature: bytes


class Unverified(NamedTuple):
    """What a JWS says, whoever signed it: each part is JSON of somebody else, or None where it is no JSON."""

    header: Any
    payload: Any


def split(text: str) -> Parts:
    """Decode the parts. Raises ValueError when there are not three, or one is not base64url."""
    parts = text.split(".")
    if len(parts) != len(Parts._fields):
        raise ValueError("not three parts")
    return Parts(*map(decode_base64url, parts))


def verify(text: str, key: Ed25519PublicKey) -> None:
    """Hold the signature against the key. Raises InvalidSignature when it is of another, ValueError when it is not base64url."""
    signed, _, signature = text.rpartition(".")
    key.verify(decode_base64url(signature), signed.encode("ascii"))


def read_unverified(text: str) -> Unverified:
    """Read header and payload without a look at the signature."""
    parts = text.split(".")
    return Unverified(_read(parts[0]), _read(parts[1])) if len(parts) == len(Parts._fields) else Unverified(None, None)


def _read(part: str) -> Any:
    try:
        return strict_json.loads(decode_base64url(part))
    except ValueError:
        return None
