"""manage.py make_board: a board that counts from now on, or with all the past."""

from typing import Any

from django.core.management.base import CommandParser

from scores.counting import definitions
from scores.management.definition import FillingCommand


class Command(FillingCommand):
    help = "Make a board. What it counts, and how, never changes: the same again is the same board, anything else another one."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--label", help="shown to people (default: made from the slug)")
        parser.add_argument(
            "--counts",
            default="*",
            metavar="PATTERNS",
            help="up to 10 of chess-win, chess-* or *, with commas between them (default: *)",
        )
        parser.add_argument(
            "--rule",
            required=True,
            help="sum adds points up, count counts acts, best and latest take the value, or the points where there is none",
        )
        parser.add_argument("--ascending", action="store_true", help="the smallest comes first: best and latest only")
        parser.add_argument(
            "--span", required=True, help="how long a period is: all, day, week, month, year, or season"
        )
        parser.add_argument(
            "--zone", default="UTC", help="in which periods begin, such as Europe/Berlin (default: UTC)"
        )
        parser.add_argument("--from-log", action="store_true", help="count all the past as well")

    def define(self, *, slug: str, label: str | None, **options: Any) -> str:
        names = ("counts", "rule", "ascending", "span", "zone", "from_log", "reason", "actor")
        label = slug.replace("-", " ").capitalize() if label is None else label
        board = definitions.make_board(slug=slug, label=label, **{name: options[name] for name in names})
        order = ", the smallest first" if board.ascending else ""
        span = {"all": "of all time", "season": "in seasons"}.get(board.span, f"of each {board.span} in {board.zone}")
        terms = f"{slug} counts {board.counts}: {board.rule}{order}, {span}."
        return terms if board.enabled else f"{terms} It is switched off: manage.py enable_board {slug}"
