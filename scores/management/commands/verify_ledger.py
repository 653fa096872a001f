"""manage.py verify_ledger: recompute everything, print each finding."""

import json
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from audit.checkpoint_file import read_all
from audit.keys import load_keyring
from audit.models import Verification
from audit.verification import Finding
from scores.database.replica import catch_up, is_configured, reading
from scores.integrity.ledger_keys import find_key_fault
from scores.integrity.verification import verify
from scores.management.progress import Progress
from scores.models import Score

#: How long a replica may take to have what the primary has.
CATCH_UP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Summary:
    entries: int
    findings: int
    seconds: float


class Command(BaseCommand):
    help = "Verify the audit log, every score, receipt, action and checkpoint. Prints each finding; ends with 1 on any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pinned", type=Path, metavar="FILE", help="compare with these exported checkpoints")
        parser.add_argument("--player", type=UUID, metavar="UUID", help="only this player's chain and score")
        parser.add_argument("--json", action="store_true", help="a JSON object a line, the last one with the sum")
        parser.add_argument("--no-record", action="store_true", help="leave the admin's record of verifications alone")

    def handle(self, *, pinned: Path | None, player: UUID | None, json: bool, no_record: bool, **options: Any) -> None:
        # Read before the database is: a block is committed before it is exported.
        copies = None if pinned is None else self._read_pinned(pinned)
        progress, started_at = Progress(self), datetime.now(UTC)
        findings = 0
        report: list[Finding] = []
        try:
            with self._reading():
                for finding in verify(player=player, pinned=copies, progress=progress):
                    findings += 1
                    if findings <= Verification.MAXIMUM_REPORTED:
                        report.append(finding)
                    self._print(asdict(finding) if json else str(finding))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        progress.clear()
        if player is not None and not findings and not Score.objects.filter(pk=player).exists():
            raise CommandError(f"There is no player {player}.")
        seconds = round(time.monotonic() - progress.began, 3)
        summary = Summary(progress.entries, findings, seconds)
        self._print(asdict(summary) if json else self._sentence(summary, copies is not None))
        if not no_record:
            self._record(
                started_at=started_at,
                scope=str(player or Verification.ALL),
                pinned=copies is not None,
                entries=progress.entries,
                findings=findings,
                report=list(map(asdict, report)),
            )
        if findings:
            if fault := find_key_fault(load_keyring()):
                self.stderr.write(fault)
            sys.exit(1)

    def _reading(self) -> AbstractContextManager[None]:
        """On the replica, once it has all that is there by now: exported copies are not of later."""
        if not is_configured():
            return nullcontext()
        if catch_up(CATCH_UP_SECONDS):
            return reading()
        self.stderr.write("READ_DATABASE_URL is away or too far behind: verifying on the primary.")
        return nullcontext()

    def _record(self, **columns: Any) -> None:
        """For the admin's front page. Who may only read has verified all the same."""
        try:
            with transaction.atomic():
                Verification.objects.create(finished_at=datetime.now(UTC), **columns)
        except DatabaseError as error:
            self.stderr.write(f"Not recorded: {str(error).strip()}")

    def _read_pinned(self, path: Path) -> list[str]:
        try:
            return list(read_all(str(path)))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None

    def _print(self, document: Mapping[str, object] | str) -> None:
        self.stdout.write(document if isinstance(document, str) else json.dumps(document))

    @staticmethod
    def _sentence(summary: Summary, compared: bool) -> str:
        verdict = f"{summary.findings} FINDINGS" if summary.findings else "no findings"
        hint = "" if compared else " Not compared with exported checkpoints (--pinned)."
        return f"{summary.entries} entries in {summary.seconds} s: {verdict}.{hint}"
