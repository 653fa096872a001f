"""What a closed period leaves: its results as an exact text, and the entries of the log that say what the board and the period were."""

import hashlib
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TypedDict

from audit.chain import SYSTEM_CHAIN
from audit.entry_export import describe
from audit.models import AuditEntry, CheckpointStatement
from audit.verification import consistent_read
from scores.board import lookup
from scores.board.documents import Document, write_document, write_etag
from scores.board.leaderboard import BoardBody, PeriodBody, keep_seconds, shape_board, shape_period
from scores.board.lookup import CLOSED, PeriodView
from scores.board.results import write_lines
from scores.board.statements import list_statements
from scores.errors import PeriodOpen
from scores.models import Board, Period

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


class StatementBody(TypedDict):
    """What a block states of a period."""

    number: int
    subject: str
    count: int
    sha256: str
    starts_us: int
    ends_us: int


class ProofBody(TypedDict):
    """What results rest on."""

    board: BoardBody
    period: PeriodBody
    entries: SealedEntries
    statements: list[StatementBody]
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
        for part in [] if period.id is None else write_lines(board, period.id):
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
        stored = None if period.id is None else Period.objects.select_related("board").get(pk=period.id)
        statements = [] if stored is None else list_statements(stored)
        numbers = [board.change, stored.change if stored else 0]
        entries = {
            entry.seq: describe(entry) for entry in AuditEntry.objects.filter(player=SYSTEM_CHAIN, seq__in=numbers)
        }
    content: ProofBody = {
        "board": shape_board(board),
        "period": shape_period(period),
        "entries": {"board": entries.get(board.change), "period": entries.get(numbers[-1])},
        "statements": [_shape_statement(statement) for statement in statements],
        "block": statements[-1].checkpoint.jws if statements else None,
    }
    return write_document(content, keep_seconds=keep_seconds(period))


def _shape_statement(statement: CheckpointStatement) -> StatementBody:
    return {
        "number": statement.checkpoint_id,
        "subject": statement.subject,
        "count": statement.count,
        "sha256": statement.sha256,
        "starts_us": statement.starts_us,
        "ends_us": statement.ends_us,
    }


def _find_closed(slug: str, name: str) -> tuple[Board, PeriodView]:
    board, now_us = lookup.read_board(slug)
    period = lookup.find_period(board, name, now_us)
    if period.state != CLOSED:
        raise PeriodOpen
    return board, period
