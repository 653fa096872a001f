"""manage.py restore_ledger: take the log up again after the database was recovered from a backup."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoints import SigningRefused
from scores.errors import Refused
from scores.integrity.recovery import recover_ledger
from scores.investigation.corrections import find_actor


class Command(BaseCommand):
    help = "After a recovery from a backup: begin a new epoch and raise every issuer's min_iat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="kept in the audit log")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")

    def handle(self, *, reason: str, actor: str | None, **options: Any) -> None:
        try:
            recovery = recover_ledger(reason=reason, actor=find_actor(actor))
        except Refused as refusal:
            raise CommandError(refusal.explanation) from None
        except (SigningRefused, ImproperlyConfigured, OSError, ValueError) as error:
            raise CommandError(f"The log was not taken up again. {error}") from None
        self.stdout.write(
            f"A new epoch begins with checkpoint {recovery.checkpoint.number}. "
            f"Receipts issued before {recovery.min_iat} (seconds since 1970) are refused from now on; "
            "copy RECEIPT_ISSUERS_FILE to every node that has its own."
        )
        if recovery.fault:
            raise CommandError(
                f"Its copy could not be written: {recovery.fault}. manage.py seal_ledger writes it as soon as it can; "
                "do not run this again."
            )
