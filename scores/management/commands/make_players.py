"""manage.py make_players: players in bulk, for trials, imports and load tests."""

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework_simplejwt.tokens import AccessToken

from scores.api.authentication import issue
from scores.errors import InvalidName
from scores.models import Score
from scores.names import clean_name, name_key
from scores.players import make_players

MAXIMUM_LIFETIME_SECONDS = 10 * 366 * 86_400
#: Their names are held in memory, and so are those of a file, which is as long as it is.
MAXIMUM_COUNT = 10_000_000
#: So many lines are named in a refusal, and so many written at once.
MAXIMUM_FAULTS = 20
LINES_AT_ONCE = 1000


class Command(BaseCommand):
    help = (
        "Make the missing ones of these players and print NAME<TAB>UUID, with --tokens <TAB>ACCESS_TOKEN, a line each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--count", type=int, help="make Player 000001 to this number")
        source.add_argument("--file", help="a name a line, UTF-8; - reads standard input")
        parser.add_argument("--tokens", action="store_true", help="print an access token for each")
        parser.add_argument(
            "--lifetime",
            type=int,
            default=int(settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"].total_seconds()),
            metavar="SECONDS",
            help="how long the tokens are good (default: %(default)s)",
        )

    def handle(self, *, count: int | None, file: str | None, tokens: bool, lifetime: int, **options: Any) -> None:
        if not 1 <= lifetime <= MAXIMUM_LIFETIME_SECONDS:
            raise CommandError(f"--lifetime must be from 1 to {MAXIMUM_LIFETIME_SECONDS} seconds.")
        names = read_names(file) if file is not None else number_names(count or 0)
        players = make_players(names)
        new = sum(is_new for _, is_new in players)
        lines = (describe(score, lifetime if tokens else None) for score, _ in players)
        for written, chunk in enumerate(_in_chunks(lines), start=1):
            self.stdout.write("\n".join(chunk))
            self._report(f"\r{min(written * LINES_AT_ONCE, len(players))} of {len(players)} written", ending="")
        self._report(f"\n{new} players made, {len(players) - new} were there already.")

    def _report(self, text: str, ending: str = "\n") -> None:
        """Progress is for somebody who watches; a log file or a pipe gets none."""
        if self.stderr.isatty():
            self.stderr.write(text, self.style.NOTICE, ending=ending)
            self.stderr.flush()


def number_names(count: int) -> list[str]:
    """Make names from Player 000001 on. Raises CommandError when there are to be none or too many."""
    if not 1 <= count <= MAXIMUM_COUNT:
        raise CommandError(f"--count must be from 1 to {MAXIMUM_COUNT}.")
    return [f"Player {number:06d}" for number in range(1, count + 1)]


def read_lines(path: str) -> list[bytes]:
    """Read the lines of a file, or of standard input. Only a line feed ends one: what else breaks lines is a fault of the name.

    Raises CommandError when the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    data = data.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n")
    return [line.removesuffix(b"\r") for line in data.split(b"\n")] if data else []


def read_names(path: str) -> list[str]:
    """Read the names of a file. Raises CommandError, which names the lines, when one is unfit or there twice."""
    names: list[str] = []
    first_lines: dict[str, int] = {}
    faults = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            name = clean_name(line.decode())
        except UnicodeDecodeError:
            faults.append(f"line {number}: not UTF-8.")
        except InvalidName as error:
            faults.append(f"line {number}: {error}")
        else:
            names.append(name)
            first = first_lines.setdefault(name_key(name), number)
            if first != number:
                faults.append(f"line {number}: the same name as in line {first}.")
    if faults:
        more = [f"... and {len(faults) - MAXIMUM_FAULTS} more."] if len(faults) > MAXIMUM_FAULTS else []
        raise CommandError("\n".join(["No player was made.", *faults[:MAXIMUM_FAULTS], *more]))
    return names


def describe(score: Score, lifetime: int | None) -> str:
    fields = [score.name, str(score.pk)]
    if lifetime is not None:
        fields.append(str(issue(score, AccessToken, timedelta(seconds=lifetime))))
    return "\t".join(fields)


def _in_chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == LINES_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
