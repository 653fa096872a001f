"""manage.py make_season: a stretch of time, ahead, of a board that has seasons."""

from typing import Any

from django.core.management.base import CommandParser

from scores.counting import definitions
from scores.counting.local_times import HOW, write_time
from scores.management.definition import DefinitionCommand, find_zone, parse_time


class Command(DefinitionCommand):
    help = f"Make a season of a board. Without an offset a time is by the clocks of the board's zone. {HOW}"

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("board")
        parser.add_argument("name", help="1 to 48 of a-z, 0-9 and -")
        parser.add_argument("--starts", required=True, metavar="TIME", help="from then on it counts; not in the past")
        parser.add_argument("--ends", metavar="TIME", help="from then on no more (default: when end_season says so)")

    def define(self, *, board: str, name: str, starts: str, ends: str | None, **options: Any) -> str:
        zone = find_zone(board)
        season = definitions.make_season(
            board=board,
            name=name,
            starts_us=parse_time("starts", starts, zone),
            ends_us=None if ends is None else parse_time("ends", ends, zone),
            reason=options["reason"],
            actor=options["actor"],
        )
        until = "it is ended" if season.ends_us is None else write_time(season.ends_us, zone)
        return f"{board}/{name}: from {write_time(season.starts_us, zone)} until {until}."
