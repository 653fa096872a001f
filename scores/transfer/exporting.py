"""All standings of a period as a file: CSV for people, JSON as the API shapes it, and the scoreboard feed of CTFtime.

Read whole, of one moment and a page at a time, before any of it is sent: a slow reader holds up nobody.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, NamedTuple
from uuid import UUID

from audit.entry_export import BYTE_ORDER_MARK, END, escape_formula
from audit.times import SECOND_US, format_time, to_moment, to_us
from audit.verification import consistent_read
from scores.board import lookup, ranks
from scores.board.documents import write_as_of, write_etag
from scores.board.leaderboard import keep_seconds, shape_board, shape_period
from scores.board.lookup import PeriodView
from scores.board.standings import shape_row
from scores.models import Board, Score, Standing

#: Standings that are read at once, with their names.
PAGE = 5000
#: What is larger is kept in a file until it is sent.
MEMORY_BYTES = 1024 * 1024
COLUMNS = ("rank", "player", "name", "score", "reached_at")

Progress = Callable[[int], object]


class ExportRow(NamedTuple):
    """A place of the board, with the score as it is shown."""

    rank: int
    player: UUID
    name: str
    score: int
    reached_at: datetime


class Found(NamedTuple):
    """What is exported: who stands in a period of a board, by the page and in order."""

    board: Board
    period: PeriodView
    pages: Iterable[Sequence[ExportRow]]


@dataclass(frozen=True, slots=True)
class Export:
    """The text, so many bytes from its beginning on, which whoever sends it closes."""

    file: IO[bytes]
    size: int
    etag: str
    keep_seconds: int


def find_exported(slug: str, name: str) -> tuple[Board, PeriodView]:
    """Find the board and the period, a name, `current` or `previous`. Raises UnknownBoard, BoardFilling, UnknownPeriod."""
    board, now_us = lookup.read_board(slug)
    return board, lookup.find_period(board, name, now_us)


def export_standings(slug: str, name: str, form: str, progress: Progress = lambda _: None) -> Export:
    """Export a period of a board in a form of FORMS; `progress` is told of rows read. Raises what `find_exported` raises."""
    digest = hashlib.sha256()
    with ExitStack() as opened, consistent_read():
        board, period = find_exported(slug, name)
        file = opened.enter_context(tempfile.SpooledTemporaryFile(MEMORY_BYTES))
        pages = () if period.id is None else _read_pages(board, period.id, progress)
        for text in FORMS[form](Found(board, period, pages)):
            part = text.encode()
            file.write(part)
            digest.update(part)
        size = file.tell()
        file.seek(0)
        opened.pop_all()
    return Export(file, size, write_etag(digest.hexdigest()), keep_seconds(period))


def _read_pages(board: Board, period: int, progress: Progress) -> Iterator[Sequence[ExportRow]]:
    """Read along the index once. Names are looked up by the page, whose join would be planned as a sort of all."""
    columns = ("player", "points", "reached_at")
    standings = Standing.objects.ranked(period).values_list(*columns).iterator(PAGE)
    rank = 1
    while page := list(islice(standings, PAGE)):
        names = dict(Score.objects.filter(pk__in=[player for player, *_ in page]).values_list("pk", "name"))
        yield [
            ExportRow(number, player, names.get(player, ""), points * board.sign, reached_at)
            for number, (player, points, reached_at) in enumerate(page, start=rank)
        ]
        rank += len(page)
        progress(len(page))


def _write_csv(found: Found) -> Iterator[str]:
    """A table that ends with a line that says so: without it, it was cut off."""
    yield BYTE_ORDER_MARK + _write_table([COLUMNS])
    count = 0
    for page in found.pages:
        count += len(page)
        yield _write_table(
            (row.rank, row.player, escape_formula(row.name), row.score, format_time(row.reached_at)) for row in page
        )
    yield _write_table([(END, count)])


def _write_table(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _write_json(found: Found) -> Iterator[str]:
    """What the API answers for the first rows, with all of them."""
    period = found.period
    head = {
        "as_of": write_as_of(to_moment(period.at_us)),
        "board": shape_board(found.board),
        "period": shape_period(period),
        "players": 0 if period.id is None else ranks.count_players(period.id),
    }
    rows = (shape_row(*row) for page in found.pages for row in page)
    yield from _write_list(_encode(head)[:-1] + ',"entries":[', rows)


def _write_ctftime(found: Found) -> Iterator[str]:
    """The team standings feed (https://ctftime.org/json-scoreboard-feed), times in whole seconds since 1970."""
    rows = (
        {"pos": row.rank, "team": row.name, "score": row.score, "lastAccept": to_us(row.reached_at) // SECOND_US}
        for page in found.pages
        for row in page
    )
    yield from _write_list('{"standings":[', rows)


def _write_list(head: str, rows: Iterator[Mapping[str, object]]) -> Iterator[str]:
    yield head
    separator = ""
    while part := ",".join(map(_encode, islice(rows, PAGE))):
        yield separator + part
        separator = ","
    yield "]}\n"


def _encode(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


#: By name, what writes a form, and as what it is sent.
FORMS: Mapping[str, Callable[[Found], Iterator[str]]] = {
    "csv": _write_csv,
    "json": _write_json,
    "ctftime": _write_ctftime,
}
#: Those that are files to be taken along.
FILES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
