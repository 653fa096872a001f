"""manage.py verify_case: check a case file or a player's proof without the database, and say what each part of it proves."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoint_file import read_all
from audit.keys import read_keyring
from scores.integrity.case import Case, CaseInvalid, read_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.integrity.proof_verification import check_proof, is_proof, read_block_text, read_lines
from scores.management.verifying import add_key_argument, read_public_keys, report
from scores.receipts.issuers import parse_issuers


class Command(BaseCommand):
    help = "Check a case file (manage.py case_file) or a proof (/api/score/me/proof) without the database. Ends with 1 on any finding."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--ledger-keys", metavar="FILE", help="LEDGER_KEYS_FILE: recompute the MACs of a case")
        add_key_argument(parser)
        parser.add_argument("--pinned", metavar="FILE", help="exported checkpoints, a copy from outside the server")
        parser.add_argument("--issuers", metavar="FILE", help="RECEIPT_ISSUERS_FILE from a source of your own")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            if is_proof(file):
                self._check_proof(file, **options)
            else:
                self._check_case(read_case(file.read_bytes()), **options)
        except CaseInvalid as error:
            raise CommandError(f"FINDING: {error}") from None
        except (OSError, ValueError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None

    def _check_proof(self, file: Path, *, checkpoint_key: str | None, **_: Any) -> None:
        keys = read_public_keys(checkpoint_key, [read_block_text(file)])
        with file.open("rb") as lines:
            report(self.stdout, check_proof(read_lines(lines), keys))

    def _check_case(
        self,
        case: Case,
        *,
        ledger_keys: str | None,
        checkpoint_key: str | None,
        pinned: str | None,
        issuers: str | None,
        **_: Any,
    ) -> None:
        keys = VerificationKeys(
            keyring=read_keyring(ledger_keys) if ledger_keys else None,
            checkpoint_keys=read_public_keys(checkpoint_key, [item["jws"] for item in case.checkpoints]),
            pinned=list(read_all(pinned)) if pinned else None,
            issuers=parse_issuers(Path(issuers).read_bytes()) if issuers else None,
        )
        self.stdout.write(f"Case of {case.document['score']['name']} ({case.player}), {len(case.entries)} entries.")
        report(self.stdout, check_case(case, keys))
