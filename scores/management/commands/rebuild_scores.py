"""manage.py rebuild_scores: derive all scores from the log and compare them, or put them right."""

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from scores.errors import Refused
from scores.integrity import recovery
from scores.integrity.verification import Difference, find_differences
from scores.investigation.corrections import find_actor


class Command(BaseCommand):
    help = "Derive all scores and standings from the audit log. Ends with 1 where one differs and was not put right."

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--check", action="store_true", help="compare only (the default)")
        act.add_argument("--apply", action="store_true", help="put right what differs; itself recorded in the log")
        act.add_argument(
            "--accept-identity",
            nargs="+",
            type=UUID,
            metavar="UUID",
            default=[],
            help="seal account and name of these players as they stand now; itself recorded in the log",
        )
        parser.add_argument("--reason", default="", help="kept in the audit log; needed with every act")
        parser.add_argument("--actor", metavar="USERNAME", help="in whose name (default: system)")

    def handle(self, *, accept_identity: list[UUID], reason: str, actor: str | None, **options: Any) -> None:
        if not accept_identity:
            self._rebuild(reason=reason, actor=actor, **options)
            return
        try:
            with transaction.atomic():
                for player in accept_identity:
                    recovery.accept_identity(player=player, reason=reason, actor=find_actor(actor))
        except Refused as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"Account and name of {len(accept_identity)} players are sealed as they stand.")

    def _rebuild(self, *, apply: bool, reason: str, actor: str | None, **options: Any) -> None:
        differences = []
        for difference in find_differences():
            differences.append(difference)
            self.stdout.write(self._describe(difference))
        rebuilt = []
        if apply:
            try:
                players = [difference.player for difference in differences]
                rebuilt = recovery.rebuild_scores(players=players, reason=reason, actor=find_actor(actor))
            except Refused as refusal:
                raise CommandError(refusal.explanation) from None
        self.stdout.write(f"{len(differences)} scores differ from the log, {len(rebuilt)} were rebuilt.")
        if len(rebuilt) < len(differences):
            sys.exit(1)

    @staticmethod
    def _describe(difference: Difference) -> str:
        if difference.stored is None and difference.standings:
            return f"{difference.player}: there are standings, but no such player"
        if difference.stored is None:
            return f"{difference.player}: there are entries, but no such player"
        columns = [
            f"{column} is {stored!s}, the log says {value!s}"
            for column, stored, value in zip(
                difference.expected._fields, difference.stored, difference.expected, strict=True
            )
            if stored != value
        ]
        columns += [finding.detail for finding in difference.standings]
        doubt = "" if difference.is_sound else " (its chain does not hold and proves nothing; see verify_ledger)"
        return f"{difference.player}: {'; '.join(columns)}{doubt}"
