"""Whose key the commands sign with that make receipts and statements for trying things."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from scores.receipts.issuers import parse_issuers
from scores.receipts.signing import decode_private_key, encode_public_key


class Signer(NamedTuple):
    """A private key, and what the registry calls it."""

    key: Ed25519PrivateKey
    issuer: str
    kid: str


def add_key_arguments(parser: CommandParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--key-file", type=Path, help="private key, PEM; what make_issuer printed will do")
    source.add_argument("--seed", help="the same key as base64url")
    parser.add_argument("--issuer", help="its name (default: whose key this is in RECEIPT_ISSUERS_FILE)")
    parser.add_argument("--kid", help="id of the key (default: as in RECEIPT_ISSUERS_FILE)")


def choose_signer(options: Mapping[str, Any]) -> Signer:
    """Read the key that the options name. Raises CommandError when it cannot be used, or nobody says whose it is."""
    key = read_key(options["key_file"], options["seed"])
    issuer, kid = options["issuer"], options["kid"]
    if not issuer or not kid:
        known_issuer, known_kid = find_in_registry(key)
        issuer, kid = issuer or known_issuer, kid or known_kid
    return Signer(key, issuer, kid)


def read_key(path: Path | None, seed: str | None) -> Ed25519PrivateKey:
    """Read a private key from a PEM file or a seed. Raises CommandError when it cannot be used."""
    try:
        return decode_private_key(path.read_text(encoding="utf-8") if path else seed or "")
    except (OSError, ValueError) as error:
        raise CommandError(f"The private key cannot be used: {error}") from None


def find_in_registry(key: Ed25519PrivateKey) -> tuple[str, str]:
    """Find issuer and key id of a key. Raises CommandError when RECEIPT_ISSUERS_FILE does not have it, or cannot be used."""
    public = key.public_key().public_bytes_raw()
    try:
        issuers = parse_issuers(Path(settings.RECEIPT_ISSUERS_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"RECEIPT_ISSUERS_FILE cannot be used: {error} Name --issuer and --kid.") from None
    for issuer in issuers.values():
        for kid, known in issuer.keys.items():
            if known.public_bytes_raw() == public:
                return issuer.name, kid
    raise CommandError(
        f"RECEIPT_ISSUERS_FILE does not have this key ({encode_public_key(key)}). Name --issuer and --kid."
    )
