"""manage.py end_season: when a season is over that has not ended yet."""

from typing import Any

from django.core.management.base import CommandParser

from scores.counting import definitions
from scores.counting.local_times import HOW, write_time
from scores.management.definition import DefinitionCommand, find_zone, parse_time


class Command(DefinitionCommand):
    help = f"Say when a season ends. Without an offset a time is by the clocks of the board's zone. {HOW}"

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("board")
        parser.add_argument("name")
        parser.add_argument("--ends", metavar="TIME", help="at least 60 seconds ahead (default: then)")

    def define(self, *, board: str, name: str, ends: str | None, **options: Any) -> str:
        zone = find_zone(board)
        season = definitions.end_season(
            board=board,
            name=name,
            ends_us=None if ends is None else parse_time("ends", ends, zone),
            reason=options["reason"],
            actor=options["actor"],
        )
        assert season.ends_us is not None  # noqa: S101 - it has just been set
        return f"{board}/{name} ends at {write_time(season.ends_us, zone)}."
