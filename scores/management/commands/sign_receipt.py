"""manage.py sign_receipt: a receipt for trying things; a backend signs its own (docs/receipts.md)."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from scores.management.signing import add_key_arguments, choose_signer
from scores.receipts.signing import sign_receipt


class Command(BaseCommand):
    help = "Print a receipt. What it says is not checked, so that bad ones can be tried too."

    def add_arguments(self, parser: CommandParser) -> None:
        add_key_arguments(parser)
        parser.add_argument("--player", type=UUID, required=True, metavar="UUID")
        parser.add_argument("--action", required=True, metavar="SLUG")
        parser.add_argument("--points", type=int, required=True)
        parser.add_argument("--value", type=int, help="what was reached, for an action that takes a value")
        parser.add_argument("--jti", default="", help="its id (default: a fresh one)")
        parser.add_argument("--lifetime", type=int, default=300, metavar="SECONDS", help="(default: %(default)s)")

    def handle(self, *, player: UUID, **options: Any) -> None:
        signer = choose_signer(options)
        receipt = sign_receipt(
            signer.key,
            kid=signer.kid,
            issuer=signer.issuer,
            player=str(player),
            action=options["action"],
            points=options["points"],
            value=options["value"],
            jti=options["jti"],
            lifetime=options["lifetime"],
        )
        self.stdout.write(receipt)
