"""A file of names and points, read whole: what is wrong with any of its lines is found before one of them counts.

CSV as RFC 4180 has it, UTF-8, with a header line that names the columns. Nothing here asks the database.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from audit.chain import SYSTEM_CHAIN
from scores.models import MAXIMUM_BALANCE
from scores.names import repair_name

#: It is held in memory while it is read.
MAXIMUM_BYTES = 512 * 1024 * 1024
#: In characters; what is longer is no name, and most often a quote that is not closed.
MAXIMUM_CELL = 10_000
#: So many lines are named in a refusal.
FAULTS_SHOWN = 20
NAME, POINTS, PLAYER = "name", "points", "player"
HEADERS = ({NAME, POINTS}, {NAME, POINTS, PLAYER})
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_POINTS = re.compile(r"0|[1-9][0-9]{0,15}")
_PLAYER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
#: What bytes that are no UTF-8 are read as.
_NO_UTF_8 = re.compile("[\udc80-\udcff]")


class FileRefused(Exception):
    """A file that is not imported, or not to its end, with a sentence for each thing that is wrong."""

    def __init__(self, faults: Sequence[str], outcome: str = "Nothing was imported.") -> None:
        more = [f"... and {len(faults) - FAULTS_SHOWN} more."] if len(faults) > FAULTS_SHOWN else []
        super().__init__("\n".join([outcome, *faults[:FAULTS_SHOWN], *more]))


class ScoreLine(NamedTuple):
    """A record of the file: the line it begins in, the name as it stands there and as it can be shown, points, and whose, if it says."""

    number: int
    text: str
    name: str
    points: int
    player: UUID | None


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """All that a file says, and the SHA-256 of its bytes in hex."""

    sha256: str
    lines: Sequence[ScoreLine]

    @property
    def total(self) -> int:
        """All points together."""
        return sum(line.points for line in self.lines)


class LineFault(Exception):
    """What is wrong with one line."""


def read_score_file(path: Path) -> ScoreFile:
    """Read a file of scores. Raises FileRefused when it cannot be read, or anything in it is not as it has to be."""
    data = _read_bytes(path)
    text = data.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "surrogateescape")
    if not text.strip():
        raise FileRefused([f"{path} is empty."])
    if text.lstrip()[0] in "[{":
        raise FileRefused(
            [f"{path} is JSON, and a CSV file is needed: docs/migrating.md shows how one is made of the other."]
        )
    faults: list[str] = []
    lines = list(_read_lines(text, faults))
    if faults:
        raise FileRefused(faults)
    if not lines:
        raise FileRefused([f"{path} has a header, and no line behind it."])
    return ScoreFile(hashlib.sha256(data).hexdigest(), lines)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there can be no file of this name"
        raise FileRefused([f"{path} cannot be read: {reason}."]) from None
    if len(data) > MAXIMUM_BYTES:
        raise FileRefused([f"{path} is larger than {MAXIMUM_BYTES // 1024**2} MiB: split it and import the parts."])
    return data


def _read_lines(text: str, faults: list[str]) -> Iterator[ScoreLine]:
    records = _read_records(text)
    _, header = next(records)
    if isinstance(header, LineFault) or len(set(header)) < len(header) or set(header) not in HEADERS:
        shown = "" if isinstance(header, LineFault) else f" It is {','.join(header)[:100]!r}."
        faults.append(f"line 1: the header has to be name,points or name,points,player, in any order.{shown}")
        return
    first_lines: dict[UUID, int] = {}
    for number, cells in records:
        try:
            line = _read_line(number, header, cells)
            first = number if line.player is None else first_lines.setdefault(line.player, number)
            if first != number:
                raise LineFault(f"the same player as in line {first}")
        except LineFault as fault:
            faults.append(f"line {number}: {fault}.")
        else:
            yield line


def _read_records(text: str) -> Iterator[tuple[int, list[str] | LineFault]]:
    """Each record with the line it begins in. Only a line feed ends a line, as where people count them."""
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, _explain(str(error))


def _explain(error: str) -> LineFault:
    if "field limit" in error or "unexpected end" in error:
        return LineFault("a quote is opened and not closed, or a cell is far too long")
    if "new-line" in error:
        return LineFault("a carriage return without a line feed behind it")
    return LineFault(f'no CSV, a " within quotes has to be written twice ({error})')


def _read_line(number: int, header: list[str], cells: list[str] | LineFault) -> ScoreLine:
    if isinstance(cells, LineFault):
        raise cells
    if len(cells) != len(header):
        raise LineFault(f"{len(cells)} cells instead of {len(header)}")
    whole = "".join(cells)
    if _NO_UTF_8.search(whole):
        raise LineFault("not UTF-8")
    if "\0" in whole:
        raise LineFault("U+0000 is no text")
    of = dict(zip(header, cells, strict=True))
    if len(of[NAME]) > MAXIMUM_CELL:
        raise LineFault("a quote is opened and not closed, or a cell is far too long")
    name = repair_name(of[NAME])
    if not name:
        raise LineFault(f"nothing of the name {of[NAME][:100]!r} can be shown")
    return ScoreLine(number, of[NAME], name, _read_points(of[POINTS]), _read_player(of.get(PLAYER, "")))


def _read_points(text: str) -> int:
    if not _POINTS.fullmatch(text) or int(text) > MAXIMUM_BALANCE:
        raise LineFault(f"the points {text[:40]!r} are no whole number from 0 to {MAXIMUM_BALANCE}, in digits alone")
    return int(text)


def _read_player(text: str) -> UUID | None:
    if not text:
        return None
    if not _PLAYER.fullmatch(text) or UUID(text) == SYSTEM_CHAIN:
        raise LineFault(f"the player {text[:40]!r} is no UUID with hyphens")
    return UUID(text)
