"""What a closed period leaves: its results as an exact text, and the entries of the log that say what the board and the period were."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import IO, TypedDict

from django.db import connection

from audit.chain import SYSTEM_CHAIN
from audit.entry_export import describe
from audit.models import AuditEntry
from audit.times import to_us
from audit.verification import consistent_read
from scores.board import lookup
from scores.board.documents import Document, write_document, write_etag
from scores.board.leaderboard import BoardBody, PeriodBody, keep_seconds, shape_board, shape_period
from scores.board.lookup import CLOSED, PeriodView
from scores.errors import PeriodOpen
from scores.models import Board, Period, Standing

CHUNK = 5000
#: Written by PostgreSQL: to read a million times from rows and write them takes Python six times as long.
STANDINGS = """
SELECT concat_ws(' ', player_id, points * %s, (extract(epoch FROM reached_at) * 1000000)::bigint, seq)
FROM scores_standing WHERE period_id = %s AND NOT hidden
ORDER BY points DESC, reached_at, player_id
"""
#: Results up to this size are kept in memory until they are sent, larger ones in a file.
MEMORY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Results:
    """The text, so many bytes from its beginning on, which whoever sends it closes."""

    file: IO[bytes]
    size: int
    etag: str
    keep_seconds: int


class SealedEntries(TypedDict):
    """The entries that made a board and a period what they are, each as `audit.entry_export.describe` writes it; None for what is
    built in, or was never made."""

    board: dict[str, object] | None
    period: dict[str, object] | None


class ProofBody(TypedDict):
    """What results rest on."""

    board: BoardBody
    period: PeriodBody
    entries: SealedEntries
    statements: list[str]
    block: str | None


def read_results(slug: str, name: str) -> Results:
    """Read the results of a closed period: a line `RANK PLAYER POINTS AT_US SEQ` for each, in the order of the board.

    Read whole before any of it is sent: it is of one moment, its tag stands before it, and a slow reader holds up nobody.
    Raises UnknownBoard, BoardFilling, UnknownPeriod, and PeriodOpen before it is closed.
    """
    digest = hashlib.sha256()
    with ExitStack() as opened, consistent_read():
        board, period = _find_closed(slug, name)
        file = opened.enter_context(tempfile.SpooledTemporaryFile(MEMORY_BYTES))
        for part in _write_lines(board, period):
            file.write(part)
            digest.update(part)
        size = file.tell()
        file.seek(0)
        opened.pop_all()
    return Results(file, size, write_etag(digest.hexdigest()), keep_seconds(period))


def read_proof(slug: str, name: str) -> Document:
    """Read what the results of a closed period rest on. Raises what `read_results` raises."""
    with consistent_read():
        board, period = _find_closed(slug, name)
        changes = Period.objects.filter(pk=period.id).values_list("change", flat=True) if period.id is not None else []
        numbers = [board.change, *changes]
        entries = {
            entry.seq: describe(entry) for entry in AuditEntry.objects.filter(player=SYSTEM_CHAIN, seq__in=numbers)
        }
    content: ProofBody = {
        "board": shape_board(board),
        "period": shape_period(period),
        "entries": {"board": entries.get(board.change), "period": entries.get(numbers[-1]) if changes else None},
        "statements": [],
        "block": None,
    }
    return write_document(content, keep_seconds=keep_seconds(period))


def _find_closed(slug: str, name: str) -> tuple[Board, PeriodView]:
    board, now_us = lookup.read_board(slug)
    period = lookup.find_period(board, name, now_us)
    if period.state != CLOSED:
        raise PeriodOpen
    return board, period


def _write_lines(board: Board, period: PeriodView) -> Iterator[bytes]:
    if period.id is not None:
        lines = enumerate(_read_standings(board, period.id), start=1)
        while part := "".join(f"{rank} {standing}\n" for rank, standing in islice(lines, CHUNK)):
            yield part.encode("ascii")


def _read_standings(board: Board, period: int) -> Iterator[str]:
    """All of a line but the rank, in the order of the board."""
    if connection.vendor == "postgresql":
        with connection.chunked_cursor() as cursor:
            cursor.execute(STANDINGS, [board.sign, period])
            while rows := cursor.fetchmany(CHUNK):
                yield from (standing for (standing,) in rows)
    else:
        columns = ("player", "points", "reached_at", "seq")
        for player, points, reached_at, seq in Standing.objects.ranked(period).values_list(*columns).iterator(CHUNK):
            yield f"{player} {points * board.sign} {to_us(reached_at)} {seq}"
