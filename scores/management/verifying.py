"""What the commands have in common that check a file without the database: whose keys they trust, and how they say what they found."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management.base import CommandParser, OutputWrapper

from audit.blocks import read_kid
from audit.keys import CheckpointKeys, decode_base64url, read_checkpoint_keys, read_jwk_set
from audit.verification import CheckResult
from scores.integrity.sentences import SENTENCES


def add_key_argument(parser: CommandParser) -> None:
    """Add the option that pins a key."""
    parser.add_argument(
        "--checkpoint-key",
        metavar="FILE|KEY",
        help="CHECKPOINT_KEY_FILE, a copy of /.well-known/scoreboard-keys, or a public key as base64url: check signatures",
    )


def read_public_keys(text: str | None, blocks: Iterable[str]) -> CheckpointKeys | None:
    """Read the keys that the reader pins; None where there are none. Raises OSError, ValueError or ImproperlyConfigured."""
    if text is None:
        return None
    if not Path(text).exists():
        # One key stands for whatever name a block gives it.
        public = Ed25519PublicKey.from_public_bytes(decode_base64url(text))
        return CheckpointKeys("", None, dict.fromkeys(map(read_kid, blocks), public))
    document = json.loads(Path(text).read_bytes())
    if isinstance(document, dict) and isinstance(document.get("keys"), list):
        return read_jwk_set(document)
    return read_checkpoint_keys(text)


def report(out: OutputWrapper, results: Iterable[CheckResult]) -> None:
    """Say each result, how many findings there are, and what no check shows. Ends the command with 1 on any finding."""
    findings = 0
    for result in results:
        out.write(str(result))
        findings += result.holds is False
    out.write(SENTENCES["limits"])
    out.write(f"{findings} FINDINGS." if findings else "No findings.")
    if findings:
        sys.exit(1)
