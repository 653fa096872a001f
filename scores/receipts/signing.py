"""The other side of receipts: key pairs for issuers, what the registry says of them, and signing, for trials and the demo."""

import json
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from audit.keys import decode_base64url, encode_base64url
from scores.receipts import statements
from scores.receipts.issuers import IssuerDocument, parse_issuers
from scores.receipts.statements import hash_line
from scores.receipts.verifier import ALGORITHM, TYPE


def encode_private_key(key: Ed25519PrivateKey) -> str:
    """Write a key as PKCS #8 in PEM, which Python, Node, Go and OpenSSL all read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def decode_private_key(text: str) -> Ed25519PrivateKey:
    """Read a key from PEM (whatever stands around it) or a base64url seed. Raises ValueError when it is neither, or not Ed25519."""
    if "-----BEGIN" not in text:
        return Ed25519PrivateKey.from_private_bytes(decode_base64url(text.strip()))
    key = load_pem_private_key(text[text.index("-----BEGIN") :].encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004 - one kind of error for one kind of mistake
    return key


def encode_public_key(key: Ed25519PrivateKey) -> str:
    """Write the public key as RECEIPT_ISSUERS_FILE has it."""
    return encode_base64url(key.public_key().public_bytes_raw())


def make_issuer(name: str, kid: str, key: Ed25519PrivateKey, actions: Mapping[str, int]) -> dict[str, IssuerDocument]:
    """Make what RECEIPT_ISSUERS_FILE says of this issuer. Raises ValueError with a sentence when that is not of its form."""
    issuer: dict[str, IssuerDocument] = {
        name: {"keys": {kid: encode_public_key(key)}, "actions": dict(actions), "min_iat": 0}
    }
    parse_issuers(json.dumps(issuer).encode())
    return issuer


def add_to_registry(path: Path, issuers: Mapping[str, IssuerDocument]) -> None:
    """Add issuers to the file, or keys and actions to those it has. Replaced in one step: a server never reads half of it.

    Raises ValueError with a sentence when the file is not of its form, before or after; OSError when it cannot be read or written.
    """
    document = json.loads(path.read_bytes()) if path.exists() else {}
    parse_issuers(json.dumps(document).encode())
    for name, fresh in issuers.items():
        known = document.setdefault(name, fresh)
        known["keys"] = {**known["keys"], **fresh["keys"]}
        known["actions"] = {**known["actions"], **fresh["actions"]}
    text = json.dumps(document, indent=2) + "\n"
    parse_issuers(text.encode())
    mode = path.stat().st_mode if path.exists() else 0o644
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).chmod(mode & 0o777)
    Path(draft.name).replace(path)


def sign_receipt(  # noqa: PLR0913 - a receipt has so many claims
    key: Ed25519PrivateKey,
    *,
    kid: str,
    issuer: str,
    player: str,
    action: str,
    points: int,
    value: int | None = None,
    jti: str = "",
    lifetime: int = 300,
    issued_at: int | None = None,
) -> str:
    """Sign a receipt that is good from now on, or from `issued_at` (seconds since 1970), for `lifetime` seconds.

    With a fresh `jti` unless one is given.
    """
    now = int(time.time()) if issued_at is None else issued_at
    claims = {
        "iss": issuer,
        "aud": settings.RECEIPT_AUDIENCE,
        "sub": player,
        "jti": jti or make_jti(),
        "iat": now,
        "exp": now + lifetime,
        "act": action,
        "pts": points,
        **({} if value is None else {"val": value}),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})


def sign_statement(key: Ed25519PrivateKey, *, kid: str, issuer: str, lines: Sequence[str], lifetime: int = 300) -> str:
    """Sign a statement of these lines that is good from now on, for `lifetime` seconds."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": settings.RECEIPT_AUDIENCE,
        "jti": make_jti(),
        "iat": now,
        "exp": now + lifetime,
        "lines": [hash_line(line) for line in lines],
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": statements.TYPE})


def make_jti() -> str:
    """Make an id that nobody guesses."""
    return secrets.token_urlsafe(24)
