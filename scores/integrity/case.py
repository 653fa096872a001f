"""A player's case: everything the log holds of one player, in one file; written and read here, checked in `case_verification`.

It is JSON, one entry a line, written in constant memory. No transaction holds it together: all of it only ever grows, and what is
read later knows what was read before.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, final
from uuid import UUID

from django.conf import settings

from audit import strict_json
from audit.blocks import HASH
from audit.entry_check import read_receipt
from audit.entry_export import describe
from audit.inclusion import include
from audit.keys import encode_base64url, load_keyring
from audit.models import CheckpointHead
from audit.queries import entries_between, leaves_of, system_records
from audit.times import format_time
from audit.verification import COLUMNS, ERASURE, Entry
from scores.models import Score
from scores.receipts.verifier import Issuer, IssuerDocument, parse_issuers, registry

VERSION = "scoreboard.case.v2"
#: Its checkpoints are all with their leaves; files of it are still read.
VERSION_1 = "scoreboard.case.v1"
FORMATS = (VERSION, VERSION_1)
#: The order of the parts of the file; those of `LISTS` are lists.
PARTS = ("format", "about", "score", "entries", "erasures", "issuers", "checkpoints")
LISTS = frozenset({"entries", "erasures", "checkpoints"})
PAGE = 1000
#: The root of a block of version 1 is one hash over all its leaves, so proving one takes all; a path of one of version 2 takes to
#: read all. The newest block is always proved; older ones as long as all together have no more leaves than this.
MAXIMUM_LEAVES = 100_000
MAXIMUM_BLOCKS = 1000
TYPES: dict[str, tuple[type, ...]] = {
    "seq": (int,), "delta": (int,), "balance": (int,), "value": (int, type(None)), "at_us": (int,),
    "ref": (str, type(None)), "context": (dict, type(None)),
}  # fmt: skip
PROVES = {
    "entries": "With the ledger key: each entry is what the server sealed, nothing between them was added, removed or changed. "
    "Whoever holds that key could have forged them. Without it only that they fit together.",
    "receipts": "With the issuer's public key: the backend named there signed that this player did this, for these points. "
    "The keys in this file are the server's own; compare with the issuer's (--issuers).",
    "checkpoints": "With the public checkpoint key: its holder signed, at the time said there, that this chain ended with this MAC; "
    "with a copy kept elsewhere (--pinned), that it was published then. Nobody can have made or changed what came before "
    "since then unless its MACs stayed the same, which takes the ledger key to see.",
    "seal": "With the ledger key: this file is as a holder of that key wrote it, the name of the player included.",
    "nothing": "That these are all entries up to now: those after the last checkpoint may have been cut off, or come later.",
}


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


def write_case(score: Score) -> Iterator[str]:
    """Write the file, text by text, of this player as `score` was read. Raises ImproperlyConfigured when there are no ledger keys."""
    writer = _Writer()
    yield from writer.write("format", VERSION)
    about = {"player": str(score.pk), "made_at": format_time(datetime.now(UTC)), "proves": PROVES}
    yield from writer.write("about", about)
    yield from writer.write("score", describe_score(score))
    kids: set[str] = set()
    yield from writer.write_list("entries", _read_entries(score.pk, score.seq, kids))
    erasures = system_records().filter(action=f"{ERASURE}{score.pk}")
    yield from writer.write_list("erasures", map(describe, erasures))
    yield from writer.write("issuers", _describe_issuers(kids))
    yield from writer.write_list("checkpoints", _read_checkpoints(score.pk, score.seq))
    yield from writer.finish()


def describe_score(score: Score) -> ScoreDocument:
    reached_at = format_time(score.reached_at) if score.reached_at else None
    return {
        "id": str(score.pk), "name": score.name, "points": score.points, "reached_at": reached_at, "seq": score.seq,
        "head": score.head, "frozen": score.frozen,
    }  # fmt: skip


class CaseMac:
    """The MAC that a case ends with, over all parts in their order, list items one by one: independent of spaces and the order of keys."""

    def __init__(self, key: bytes, version: str = VERSION) -> None:
        self._digest = hmac.new(key, version.encode(), "sha256")

    def add(self, part: str, item: Any) -> None:
        self._digest.update(b"\n" + json.dumps([part, item], sort_keys=True, separators=(",", ":")).encode("ascii"))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Writer:
    def __init__(self) -> None:
        keyring = load_keyring()
        self._kid = keyring.current
        self._mac = CaseMac(keyring.keys[keyring.current])

    def write(self, part: str, item: Any) -> Iterator[str]:
        self._mac.add(part, item)
        yield f"{'{' if part == PARTS[0] else ','}\n{json.dumps(part)}: {json.dumps(item)}"

    def write_list(self, part: str, items: Iterable[Any]) -> Iterator[str]:
        yield f",\n{json.dumps(part)}: ["
        separator = "\n"
        for item in items:
            self._mac.add(part, item)
            yield f"{separator}{json.dumps(item)}"
            separator = ",\n"
        yield "]"

    def finish(self) -> Iterator[str]:
        yield f',\n"seal": {json.dumps({"kid": self._kid, "mac": self._mac.hexdigest()})}\n}}\n'


def _read_entries(player: UUID, last: int, kids: set[str]) -> Iterator[dict[str, object]]:
    """The chain up to where the score was read, in pages; `kids` gathers the keys of the receipts on the way."""
    for first in range(1, last + 1, PAGE):
        for entry in entries_between(player, first, min(first + PAGE - 1, last)):
            receipt = read_receipt(entry.context)
            header = receipt.header if receipt else None
            if isinstance(header, dict) and isinstance(header.get("kid"), str):
                kids.add(header["kid"])
            yield describe(entry)


def _describe_issuers(kids: Iterable[str]) -> dict[str, IssuerDocument]:
    """The public keys that the receipts were signed with, in the form of RECEIPT_ISSUERS_FILE."""
    known = registry(settings.RECEIPT_ISSUERS_FILE)
    issuers: dict[str, IssuerDocument] = {}
    for kid in sorted(kids):
        if issuer := known.find(kid):
            keys = issuers.setdefault(issuer.name, {"keys": {}, "actions": {}})["keys"]
            keys[kid] = encode_base64url(issuer.keys[kid].public_bytes_raw())
    return issuers


def _read_checkpoints(player: UUID, last: int) -> Iterator[CheckpointDocument | DigestedDocument]:
    """The newest blocks with a leaf of this chain, newest first, with what proves it as long as there is room."""
    heads = CheckpointHead.objects.filter(player=player, seq__lte=last).select_related("checkpoint")
    room = MAXIMUM_LEAVES
    for head in heads.order_by("-checkpoint_id")[:MAXIMUM_BLOCKS]:
        count = CheckpointHead.objects.filter(checkpoint=head.checkpoint_id).count() if room > 0 else 0
        is_proved = room == MAXIMUM_LEAVES or 0 < count <= room
        room -= count if is_proved else 0
        yield _prove_by_path(head, is_proved) if head.digest else _prove_by_leaves(head, is_proved)


def _prove_by_leaves(head: CheckpointHead, is_proved: bool) -> CheckpointDocument:
    leaves = [(str(leaf.player), leaf.seq, leaf.mac) for leaf in leaves_of(head.checkpoint_id)] if is_proved else None
    return {
        "number": head.checkpoint_id, "jws": head.checkpoint.jws, "seq": head.seq, "mac": head.mac, "leaves": leaves,
    }  # fmt: skip


def _prove_by_path(head: CheckpointHead, is_proved: bool) -> DigestedDocument:
    found = include(head) if is_proved else None
    return {
        "number": head.checkpoint_id, "jws": head.checkpoint.jws, "seq": head.seq, "mac": head.mac, "digest": head.digest,
        "index": found.index if found else None, "path": found.path if found else None,
    }  # fmt: skip


def read_case(data: bytes) -> Case:
    """Read a case file. Raises CaseInvalid, which says what it lacks."""
    try:
        document = strict_json.loads(data)
    except ValueError as error:
        raise CaseInvalid(f"This is not a whole JSON document: {error}") from None
    if not isinstance(document, dict) or document.keys() != {*PARTS, "seal"} or document["format"] not in FORMATS:
        raise CaseInvalid(f"This is no case file of format {VERSION}: its parts are not {', '.join(PARTS)} and seal.")
    about, score, seal = document["about"], document["score"], document["seal"]
    if not all(isinstance(document[part], list) for part in LISTS):
        raise CaseInvalid("A list of the file is none.")
    are_objects = all(isinstance(part, dict) for part in (about, score, seal))
    if not are_objects or score.keys() != ScoreDocument.__required_keys__:
        raise CaseInvalid("about, score or seal have not their form.")
    try:
        player = _read_uuid(about.get("player"))
        checkpoints = list(map(_read_checkpoint, document["checkpoints"]))
        entries, erasures = (list(map(_read_entry, document[part])) for part in ("entries", "erasures"))
        issuers = parse_issuers(json.dumps(document["issuers"]).encode())
    except (ValueError, TypeError, AttributeError) as error:
        raise CaseInvalid(f"A part of the file has not its form: {error}") from None
    return Case(document, player, entries, erasures, issuers, checkpoints)


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
