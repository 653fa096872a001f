"""manage.py case_file: everything the log holds of one player, to be checked by `verify_case` without the database."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scores.integrity.case_writing import write_case
from scores.models import Score


class Command(BaseCommand):
    help = "Write a player's case file to standard output: entries, receipts, checkpoints, and what each proves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("player", type=UUID, metavar="UUID")

    def handle(self, *, player: UUID, **options: Any) -> None:
        score = Score.objects.filter(pk=player).first()
        if score is None:
            raise CommandError(f"There is no player {player}.")
        for text in write_case(score):
            self.stdout.write(text, ending="")
