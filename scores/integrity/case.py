"""A player's case: everything the log holds of one player, in one file; its form, and how it is read.

`case_writing` writes it, `case_verification` checks it.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, final
from uuid import UUID

from audit import strict_json
from audit.blocks import HASH
from audit.chain import Entry
from audit.verification import COLUMNS
from scores.receipts.issuers import Issuer, parse_issuers
from scores.receipts.statements import hash_statement

VERSION = "scoreboard.case.v2"
#: Of a player with awards that rest on statements, which then are a part of it.
VERSION_WITH_STATEMENTS = "scoreboard.case.v3"
#: Its checkpoints are all with their leaves; files of it are still read.
VERSION_1 = "scoreboard.case.v1"
#: The order of the parts of the file; those of `LISTS` are lists.
PARTS = ("format", "about", "score", "entries", "erasures", "issuers", "checkpoints")
FORMATS = {
    VERSION_1: PARTS,
    VERSION: PARTS,
    VERSION_WITH_STATEMENTS: (*PARTS[:5], "statements", *PARTS[5:]),
}
LISTS = frozenset({"entries", "erasures", "checkpoints", "statements"})
TYPES: dict[str, tuple[type, ...]] = {
    "seq": (int,), "delta": (int,), "balance": (int,), "value": (int, type(None)), "at_us": (int,),
    "ref": (str, type(None)), "context": (dict, type(None)),
}  # fmt: skip


class CaseInvalid(Exception):
    """This is no case file, or one that was cut off."""


class ScoreDocument(TypedDict):
    id: str
    name: str
    points: int
    reached_at: str | None
    seq: int
    head: str
    frozen: bool


@final
class CheckpointDocument(TypedDict):
    """A block of version 1 with the leaf of the player's chain; `leaves` are all of the block, or None for its size."""

    number: int
    jws: str
    seq: int
    mac: str
    leaves: list[tuple[str, int, str]] | None


@final
class DigestedDocument(TypedDict):
    """A block of version 2 with the leaf of the player's chain, its number and path; None for the size of the block."""

    number: int
    jws: str
    seq: int
    mac: str
    digest: str
    index: int | None
    path: list[str] | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case that was read. `document` is the file as it came, which may say anything; the rest has its form."""

    document: Mapping[str, Any]
    player: UUID
    entries: list[Entry]
    erasures: list[Entry]
    issuers: dict[str, Issuer]
    checkpoints: list[CheckpointDocument | DigestedDocument]
    #: Texts by hash.
    statements: dict[str, str]


class CaseMac:
    """The MAC that a case ends with, over all parts in their order, list items one by one: independent of spaces and the order of keys."""

    def __init__(self, key: bytes, version: str = VERSION) -> None:
        self._digest = hmac.new(key, version.encode(), "sha256")

    def add(self, part: str, item: Any) -> None:
        self._digest.update(b"\n" + json.dumps([part, item], sort_keys=True, separators=(",", ":")).encode("ascii"))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def read_case(data: bytes) -> Case:
    """Read a case file. Raises CaseInvalid, which says what it lacks."""
    try:
        document = strict_json.loads(data)
    except ValueError as error:
        raise CaseInvalid(f"This is not a whole JSON document: {error}") from None
    parts = FORMATS.get(str(document.get("format")), PARTS) if isinstance(document, dict) else PARTS
    if not isinstance(document, dict) or document.keys() != {*parts, "seal"} or document["format"] not in FORMATS:
        raise CaseInvalid(f"This is no case file of format {VERSION}: its parts are not {', '.join(PARTS)} and seal.")
    about, score, seal = document["about"], document["score"], document["seal"]
    if not all(isinstance(document[part], list) for part in LISTS.intersection(parts)):
        raise CaseInvalid("A list of the file is none.")
    are_objects = all(isinstance(part, dict) for part in (about, score, seal))
    if not are_objects or score.keys() != ScoreDocument.__required_keys__:
        raise CaseInvalid("about, score or seal have not their form.")
    try:
        player = _read_uuid(about.get("player"))
        checkpoints = list(map(_read_checkpoint, document["checkpoints"]))
        entries, erasures = (list(map(_read_entry, document[part])) for part in ("entries", "erasures"))
        issuers = parse_issuers(json.dumps(document["issuers"]).encode())
        statements = {hash_statement(text): text for text in document.get("statements", [])}
    except (ValueError, TypeError, AttributeError) as error:
        raise CaseInvalid(f"A part of the file has not its form: {error}") from None
    return Case(document, player, entries, erasures, issuers, checkpoints, statements)


def _read_entry(row: Any) -> Entry:
    row = {**({"value": None} if "value" not in row else {}), **row}
    if row.keys() != set(COLUMNS):
        raise ValueError("an entry has other columns")
    for name in COLUMNS:
        if type(row[name]) not in TYPES.get(name, (str,)):
            raise ValueError(f"{name} of an entry is no such value")
    return Entry._make([_read_uuid(row["player"]), *(row[name] for name in COLUMNS[1:])])


def _read_checkpoint(item: Any) -> CheckpointDocument | DigestedDocument:
    is_digested = "digest" in item
    if item.keys() != (DigestedDocument if is_digested else CheckpointDocument).__required_keys__:
        raise ValueError("a checkpoint has other columns")
    if [type(item[name]) for name in ("number", "jws", "seq", "mac")] != [int, str, int, str]:
        raise ValueError("a column of a checkpoint is no such value")
    if not is_digested:
        leaves = None if item["leaves"] is None else list(map(_read_leaf, item["leaves"]))
        return CheckpointDocument(
            number=item["number"], jws=item["jws"], seq=item["seq"], mac=item["mac"], leaves=leaves
        )
    digest, index, path = item["digest"], item["index"], item["path"]
    if (index, path) != (None, None) and (type(index) is not int or type(path) is not list):
        raise ValueError("the path of a checkpoint is none")
    if not all(type(text) is str and HASH.fullmatch(text) for text in (digest, *(path or ()))):
        raise ValueError("a hash of a checkpoint is none")
    return DigestedDocument(
        number=item["number"], jws=item["jws"], seq=item["seq"], mac=item["mac"], digest=digest, index=index, path=path
    )


def _read_leaf(leaf: Any) -> tuple[str, int, str]:
    if [type(value) for value in leaf] != [str, int, str]:
        raise ValueError("a leaf is no such thing")
    _read_uuid(leaf[0])
    return leaf[0], leaf[1], leaf[2]


def _read_uuid(text: Any) -> UUID:
    if not isinstance(text, str) or str(UUID(text)) != text:
        raise ValueError(f"{text!r} is no UUID as they are written here")
    return UUID(text)
