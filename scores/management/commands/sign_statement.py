"""manage.py sign_statement: a call of many awards for trying things; a backend signs its own (docs/receipts.md)."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scores.management.signing import add_key_arguments, choose_signer
from scores.receipts.signing import make_jti, sign_statement


class Command(BaseCommand):
    help = (
        "Read PLAYER ACTION POINTS [VALUE], an award a line, from standard input, and print the body of POST /api/awards. "
        "What a line says is not checked, so that bad ones can be tried too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_key_arguments(parser)
        parser.add_argument("--file", type=Path, help="read the awards from here instead")
        parser.add_argument("--lifetime", type=int, default=300, metavar="SECONDS", help="(default: %(default)s)")

    def handle(self, *, file: Path | None, lifetime: int, **options: Any) -> None:
        signer = choose_signer(options)
        try:
            text = file.read_text(encoding="utf-8") if file else sys.stdin.read()
        except (OSError, ValueError) as error:
            raise CommandError(f"The awards cannot be read: {error}") from None
        lines = [f"{make_jti()} {line.strip()}" for line in text.splitlines() if line.strip()]
        if not lines or not text.isascii():
            raise CommandError(
                "There is no award: each is a line of PLAYER ACTION POINTS, or these and a VALUE, in ASCII."
            )
        statement = sign_statement(signer.key, kid=signer.kid, issuer=signer.issuer, lines=lines, lifetime=lifetime)
        self.stdout.write(json.dumps({"statement": statement, "awards": lines}))
