"""manage.py disable_board: a board is shown no more and counts no more."""

from typing import Any

from django.core.management.base import CommandParser

from scores.counting import definitions
from scores.management.definition import DefinitionCommand


class Command(DefinitionCommand):
    help = "Switch a board off: it is neither shown nor written. manage.py enable_board fills in what it missed."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def define(self, *, slug: str, reason: str, actor: str, **options: Any) -> str:
        definitions.change_board(slug=slug, enabled=False, reason=reason, actor=actor)
        return f"{slug} is off."
