"""manage.py make_issuer: a key pair for a backend that signs receipts, and what the registry says of it."""

import json
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.keys import encode_base64url
from scores.receipts.signing import add_to_registry, encode_private_key, make_issuer


class Command(BaseCommand):
    help = "Make a key pair for a backend, and the entry of RECEIPT_ISSUERS_FILE that trusts it. The private key is kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the `iss` of its receipts")
        parser.add_argument(
            "--action",
            action="append",
            required=True,
            metavar="SLUG=MAX",
            help="what it may grant, and the most points a receipt may carry; may be given again",
        )
        parser.add_argument("--kid", help="id of the key (default: made from the name)")
        parser.add_argument("--write", action="store_true", help="add the entry to RECEIPT_ISSUERS_FILE")

    def handle(self, *, name: str, action: list[str], kid: str | None, write: bool, **options: Any) -> None:
        key, kid = Ed25519PrivateKey.generate(), kid or f"{name}-{secrets.token_hex(4)}"
        try:
            issuer = make_issuer(name, kid, key, dict(split_maximum(text) for text in action))
            if write:
                if not settings.RECEIPT_ISSUERS_FILE:
                    raise CommandError("--write needs RECEIPT_ISSUERS_FILE.")
                add_to_registry(Path(settings.RECEIPT_ISSUERS_FILE), issuer)
        except (OSError, ValueError) as error:
            raise CommandError(f"No issuer was made: {error}") from None
        self.stdout.write(f"# Private key {kid}, for {name} alone (the seed is the same key in short):")
        self.stdout.write(encode_private_key(key).rstrip())
        self.stdout.write(f"# seed: {encode_base64url(key.private_bytes_raw())}")
        where = "Is now in" if write else "For"
        self.stdout.write(f"# {where} RECEIPT_ISSUERS_FILE:")
        self.stdout.write(json.dumps(issuer))


def split_maximum(text: str) -> tuple[str, int]:
    """Read SLUG=MAX. Raises CommandError when it is something else."""
    slug, _, maximum = text.partition("=")
    if not slug or not maximum.isascii() or not maximum.isdigit():
        raise CommandError(f"--action takes SLUG=MAX, for example daily-quiz=100, not {text!r}.")
    return slug, int(maximum)
