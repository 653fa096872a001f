"""Entries to take away: as CSV for people, as JSON Lines with everything the MACs are made over, at any size in constant memory.

An export is read in pages by key, each a statement of its own, so that no time limit of a statement cuts it. It ends with a
line that says so: a file without one was cut off.
"""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from audit.chain import SEALED_FIELDS
from audit.changelist import NEWEST_FIRST, earlier
from audit.models import AuditEntry
from audit.references import describe_proof, issuer_of
from audit.times import format_time

PAGE = 1000
#: Spreadsheets take a cell that begins like this for a formula; an apostrophe before it says that it is text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Without it Excel reads UTF-8 as the system's old code page; everything else skips it.
BYTE_ORDER_MARK = "\ufeff"
END = "end of export"
COLUMNS = (
    "player", "seq", "time", "kind", "action", "delta", "balance", "value", "proof", "issuer", "reference", "actor",
    "address", "agent", "request", "reason",
)  # fmt: skip
#: One export at a time in a process: each keeps a thread busy, and threads also serve the board.
_running = threading.Lock()


class ExportRunning(Exception):
    """Another export is being read here."""


def stream(entries: QuerySet[AuditEntry], form: str, done: Callable[[int], None]) -> "Stream":
    """Export entries, newest first, in a form of FORMS; `done` is called with how many there were.

    Raises ExportRunning as `exclusive` does.
    """
    return exclusive(_write(entries, FORMS[form], done))


def exclusive(chunks: Iterator[bytes]) -> "Stream":
    """Make these chunks the only export of this process until they are closed, as a response does at its end.

    Raises ExportRunning when there is one already.
    """
    if not _running.acquire(blocking=False):
        raise ExportRunning
    return Stream(chunks)


class Stream:
    """The chunks of an export. To close it lets the next begin, also where nobody read a chunk: a generator's `finally` would not."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            _running.release()


def _write(
    entries: QuerySet[AuditEntry],
    form: Callable[[Iterable[AuditEntry], bool, int | None], str],
    done: Callable[[int], None],
) -> Iterator[bytes]:
    count, rows, is_first = 0, list(entries.order_by(*NEWEST_FIRST)[:PAGE]), True
    while rows:
        yield form(rows, is_first, None).encode()
        count, is_first = count + len(rows), False
        rows = list(earlier(entries, rows[-1].at_us, rows[-1].pk).order_by(*NEWEST_FIRST)[:PAGE])
    yield form([], is_first, count).encode()
    done(count)


def write_csv(entries: Iterable[AuditEntry], is_first: bool, total: int | None) -> str:
    """A page of the table, with its head if it is the first, and its end once the total is known."""
    text = io.StringIO()
    writer = csv.writer(text)
    if is_first:
        text.write(BYTE_ORDER_MARK)
        writer.writerow(COLUMNS)
    writer.writerows(map(_make_row, entries))
    if total is not None:
        writer.writerow([END, total])
    return text.getvalue()


def write_lines(entries: Iterable[AuditEntry], is_first: bool, total: int | None) -> str:
    """A page of JSON objects, a line each, and the one that ends them once the total is known."""
    documents = [describe(entry) for entry in entries]
    if total is not None:
        documents.append({"end": END, "entries": total})
    return "".join(f"{json.dumps(document, ensure_ascii=True, separators=(',', ':'))}\n" for document in documents)


FORMS = {"csv": write_csv, "jsonl": write_lines}
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def describe(entry: AuditEntry) -> dict[str, object]:
    """What the MAC is made over, in the order of the canonical form, then the MAC and what `detail` commits to; no value where none is."""
    names = [name for name in SEALED_FIELDS if name != "value" or entry.value is not None]
    document = {name: getattr(entry, name) for name in (*names, "mac", "context")}
    return {**document, "player": str(entry.player)}


def _make_row(entry: AuditEntry) -> list[Any]:
    context = entry.context if isinstance(entry.context, dict) else {}
    told = [context.get(key, "") for key in ("address", "agent", "request", "reason")]
    row = [
        str(entry.player), entry.seq, format_time(entry.at), entry.kind, entry.action, entry.delta, entry.balance,
        "" if entry.value is None else entry.value, describe_proof(entry.ref), issuer_of(entry.ref), entry.ref or "",
        entry.actor, *told,
    ]  # fmt: skip
    return [escape_formula(cell) if not isinstance(cell, int) else cell for cell in row]


def escape_formula(cell: Any) -> str:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would take for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
