"""manage.py enable_board: a board that was switched off counts again, and what it missed."""

from typing import Any

from django.core.management.base import CommandParser

from scores.counting import definitions
from scores.management.definition import FillingCommand


class Command(FillingCommand):
    help = "Switch a board on again and fill it from the log, also one made in the admin that is yet to be filled."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def define(self, *, slug: str, reason: str, actor: str, **options: Any) -> str:
        definitions.change_board(slug=slug, enabled=True, reason=reason, actor=actor)
        return f"{slug} is on."
