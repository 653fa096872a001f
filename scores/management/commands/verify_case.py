"""manage.py verify_case: check a case file without the database, and say what each part of it proves."""

import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.blocks import read_kid
from audit.checkpoint_file import read_all
from audit.keys import CheckpointKeys, decode_base64url, read_checkpoint_keys, read_keyring
from scores.integrity.case import Case, CaseInvalid, read_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.receipts.verifier import parse_issuers


class Command(BaseCommand):
    help = "Check a case file (manage.py case_file) without the database. Ends with 1 on any finding."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--ledger-keys", metavar="FILE", help="LEDGER_KEYS_FILE: recompute the MACs")
        parser.add_argument(
            "--checkpoint-key",
            metavar="FILE|KEY",
            help="CHECKPOINT_KEY_FILE, or a public key as base64url: check signatures",
        )
        parser.add_argument("--pinned", metavar="FILE", help="exported checkpoints, a copy from outside the server")
        parser.add_argument("--issuers", metavar="FILE", help="RECEIPT_ISSUERS_FILE from a source of your own")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            case = read_case(file.read_bytes())
            keys = self._read_keys(case, **options)
        except CaseInvalid as error:
            raise CommandError(f"FINDING: {error}") from None
        except (OSError, ValueError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Case of {case.document['score']['name']} ({case.player}), {len(case.entries)} entries.")
        results = list(check_case(case, keys))
        for result in results:
            self.stdout.write(str(result))
        findings = sum(result.holds is False for result in results)
        self.stdout.write(f"{findings} FINDINGS." if findings else "No findings.")
        if findings:
            sys.exit(1)

    @staticmethod
    def _read_keys(
        case: Case,
        *,
        ledger_keys: str | None,
        checkpoint_key: str | None,
        pinned: str | None,
        issuers: str | None,
        **_: Any,
    ) -> VerificationKeys:
        keys = None
        if checkpoint_key is not None and Path(checkpoint_key).exists():
            keys = read_checkpoint_keys(checkpoint_key)
        elif checkpoint_key is not None:
            # One key stands for whatever name the file gives it.
            public = Ed25519PublicKey.from_public_bytes(decode_base64url(checkpoint_key))
            keys = CheckpointKeys("", None, {read_kid(item["jws"]): public for item in case.checkpoints})
        return VerificationKeys(
            keyring=read_keyring(ledger_keys) if ledger_keys else None,
            checkpoint_keys=keys,
            pinned=list(read_all(pinned)) if pinned else None,
            issuers=parse_issuers(Path(issuers).read_bytes()) if issuers else None,
        )
