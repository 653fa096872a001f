"""manage.py rebuild_standings: derive where everybody stands on every board from the log, and compare or put right."""

import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from scores.errors import Refused
from scores.integrity.standings_rebuild import check_rebuildable, rebuild_standings
from scores.integrity.verification import find_differences
from scores.investigation.corrections import find_actor
from scores.investigation.reasons import check_reason
from scores.management.progress import Progress

CHAIN_BROKEN = " (its chain does not hold and proves nothing; see verify_ledger)"


class Command(BaseCommand):
    help = "Derive all standings from the audit log. Ends with 1 where one differs and was not put right."

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--check", action="store_true", help="compare only (the default)")
        act.add_argument("--apply", action="store_true", help="put right what differs; itself recorded in the log")
        parser.add_argument("--board", metavar="SLUG", help="only the standings of this board")
        parser.add_argument("--reason", default="", help="kept in the audit log; needed with --apply")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")

    def handle(self, *, apply: bool, board: str | None, reason: str, actor: str | None, **options: Any) -> None:
        boards = None if board is None else [board]
        try:
            # First: comparing may take long.
            if board is not None:
                check_rebuildable(board)
            name = find_actor(actor)
            if apply:
                check_reason(reason)
            different = list(self._compare(boards))
            rebuilt = self._rebuild(different, boards, reason=reason, actor=name) if apply else 0
        except Refused as refusal:
            raise CommandError(refusal.explanation) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        count = len(different)
        self.stdout.write(f"{count} players stand otherwise than the log says, {rebuilt} were put right.")
        if rebuilt < count:
            sys.exit(1)

    def _compare(self, boards: list[str] | None) -> Iterator[UUID]:
        progress = Progress(self)
        for difference in find_differences(progress=progress, boards=boards):
            if difference.standings:
                progress.clear()
                doubt = "" if difference.is_sound else CHAIN_BROKEN
                for finding in difference.standings:
                    self.stdout.write(f"{difference.player}: {finding.detail}{doubt}")
                yield difference.player
        progress.clear()

    def _rebuild(self, players: list[UUID], boards: list[str] | None, *, reason: str, actor: str) -> int:
        progress = Progress(self, "players")
        rebuilt = rebuild_standings(players, boards=boards, reason=reason, actor=actor, progress=progress)
        progress.clear()
        return rebuilt
