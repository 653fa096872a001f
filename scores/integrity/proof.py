"""A player's proof: the entries in the form that digests are made of, and what leads from the last one to a signed block."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast
from uuid import UUID

from audit import chain, strict_json
from audit.blocks import HASH, Leaf
from audit.chain import Entry
from audit.inclusion import find_inclusion
from audit.queries import entries_between
from scores.models import Score

PAGE = 1000
MEDIA_TYPE = "application/x-ndjson"
#: Proofs up to this size are kept in memory until they are sent, larger ones in a file.
MEMORY_BYTES = 1024 * 1024
#: Longest lines of a file, in bytes: of an entry, and of the last one, which holds a block.
MAXIMUM_ENTRY, MAXIMUM_END = 16 * 1024, 128 * 1024
#: A tree of 2^32 leaves has paths as long.
MAXIMUM_PATH = 32
#: What a line that is no array may be.
UNSEALED, END = frozenset({"sealed", "entry"}), frozenset({"head", "index", "path", "block"})
FIELDS: tuple[tuple[type, ...], ...] = tuple(
    {"value": (int, type(None)), "ref": (str, type(None))}.get(
        name, (int,) if name in {"seq", "delta", "balance", "at_us"} else (str,)
    )
    for name in chain.SEALED_FIELDS
)


class ProofInvalid(Exception):
    """This is no proof, or one that was cut off; the message says where."""


@dataclass(frozen=True, slots=True)
class ProofEnd:
    """The last line: what covers the entries; without a leaf nothing does."""

    leaf: Leaf | None
    index: int
    path: list[str]
    block: str


NO_END = ProofEnd(None, 0, [], "")


def open_proof(score: Score, after: int = 0) -> IO[bytes]:
    """Write a proof to a file, which whoever sends it closes: read whole before any of it is sent, a slow reader holds up nobody."""
    file = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed by who sends it
    file.writelines(write_proof(score, after))
    file.seek(0)
    return cast("IO[bytes]", file)


def write_proof(score: Score, after: int = 0) -> Iterator[bytes]:
    """Write the proof of this player as `score` was read, line by line, of the entries behind number `after`."""
    found = find_inclusion(score.pk, score.seq)
    sealed = found.leaf.seq if found else 0
    for first in range(after + 1, score.seq + 1, PAGE):
        for entry in entries_between(score.pk, first, min(first + PAGE - 1, score.seq)):
            text = chain.canonical(entry)
            yield (text if entry.seq <= sealed else b'{"sealed":false,"entry":' + text + b"}") + b"\n"
    yield write_end(ProofEnd(found.leaf, found.index, found.path, found.block) if found else NO_END)


def write_end(end: ProofEnd) -> bytes:
    """Write the last line."""
    head = end.leaf and {**end.leaf._asdict(), "player": str(end.leaf.player)}
    index, block = (end.index, end.block) if head else (None, None)
    document = {"head": head, "index": index, "path": end.path, "block": block}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def read_line(line: bytes) -> tuple[Entry, bytes, bool] | ProofEnd:
    """Read a line: an entry with its canonical form and whether it is sealed, or the end. Raises ProofInvalid."""
    try:
        document = strict_json.loads(line)
    except ValueError as error:
        raise ProofInvalid(f"it is no JSON: {error}") from None
    if isinstance(document, dict) and document.keys() == END:
        end = _read_end(document)
        if line.rstrip(b"\n") != write_end(end).rstrip(b"\n"):
            raise ProofInvalid("it is not in the canonical form")
        return end
    is_sealed = isinstance(document, list)
    if len(line) > MAXIMUM_ENTRY:
        raise ProofInvalid("it is too long")
    if not is_sealed and (
        not isinstance(document, dict) or document.keys() != UNSEALED or document["sealed"] is not False
    ):
        raise ProofInvalid("it is neither an entry nor an end")
    entry = _read_entry(document if is_sealed else document["entry"])
    text = chain.canonical(entry)
    if line.rstrip(b"\n") != (text if is_sealed else b'{"sealed":false,"entry":' + text + b"}"):
        raise ProofInvalid("it is not in the canonical form")
    return entry, text, is_sealed


def _read_entry(values: Any) -> Entry:
    if not isinstance(values, list) or not values:
        raise ProofInvalid("it is no entry")
    version, *fields = values
    if version == chain.VERSION:
        fields.insert(chain.VALUE, None)
    if version not in (chain.VERSION, chain.VERSION_WITH_VALUE) or len(fields) != len(FIELDS):
        raise ProofInvalid("it is no entry")
    if not all(type(value) in kinds for value, kinds in zip(fields, FIELDS, strict=True)):
        raise ProofInvalid("it is no entry")
    if (fields[chain.VALUE] is None) != (version == chain.VERSION):
        raise ProofInvalid("it is no entry")
    detail, prev = fields[-2:]
    if not HASH.fullmatch(detail) or not (prev == chain.NO_HEAD or HASH.fullmatch(prev)):
        raise ProofInvalid("one of its hashes is none")
    return Entry._make([_read_player(fields[0]), *fields[1:], "", None])


def _read_end(document: dict[str, Any]) -> ProofEnd:
    head, index, path, block = (document[name] for name in ("head", "index", "path", "block"))
    if (head, index, path, block) == (None, None, [], None):
        return NO_END
    is_path = isinstance(path, list) and len(path) <= MAXIMUM_PATH
    if not is_path or type(index) is not int or type(block) is not str or not isinstance(head, dict):
        raise ProofInvalid("its end has not its form")
    if head.keys() != set(Leaf._fields) or [type(head[name]) for name in Leaf._fields] != [str, int, str, str]:
        raise ProofInvalid("its head has not its form")
    if not all(type(text) is str and HASH.fullmatch(text) for text in (*path, head["mac"], head["digest"])):
        raise ProofInvalid("one of its hashes is none")
    return ProofEnd(Leaf(_read_player(head["player"]), head["seq"], head["mac"], head["digest"]), index, path, block)


def _read_player(text: str) -> UUID:
    try:
        player = UUID(text)
    except ValueError:
        player = None
    if player is None or str(player) != text:
        raise ProofInvalid("its player is no id")
    return player
