"""The format of checkpoints: compact JWS (RFC 7515) signed with Ed25519, each chained to the one before. No database.

The header is exactly `{"alg":"EdDSA","kid":KID,"typ":"scoreboard-checkpoint+jwt"}`, header and payload are JSON with sorted keys and
without spaces. The payload of version 2:

    v           2
    number      1, 2, 3, ... in the database without gaps
    epoch       1; each recovery from a backup begins the next one and numbers on from where the backup ends,
                so that a block is told by (epoch, number), and a later epoch replaces the numbers it uses again
    prev        SHA-256 of the text of the block before, in hex; empty in the first
    at_us       time of signing by the log's clock
    count       how many leaves
    root        Merkle tree hash (`merkle`) over the leaves, ordered by player, each as `write_leaf` writes it
    statements  what else is said in public: of each subject how many lines a text had, its SHA-256, and the time it is about

Version 1 has `v` scoreboard.checkpoint.v1, `at` as RFC 3339 instead of `at_us`, no statements, and its root is SHA-256 over a line
`PLAYER SEQ MAC` for each leaf.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature

from audit import chain, jws, merkle, strict_json
from audit.keys import CheckpointKeys, encode_base64url
from audit.times import format_time, to_moment, to_us

VERSION_1 = "scoreboard.checkpoint.v1"
VERSION = 2
LEAF_VERSION = "scoreboard.head.v2"
TYPE = "scoreboard-checkpoint+jwt"
#: What is stated is about a period of a board: `board:SLUG/PERIOD`.
SUBJECT = re.compile(r"board:[a-z0-9-]{1,48}/[A-Za-z0-9-]{1,48}")
HASH = re.compile(r"[0-9a-f]{64}")
MAXIMUM_LEAVES = 50_000
MAXIMUM_STATEMENTS = 50
CLAIMS_1 = {"v": str, "number": int, "epoch": int, "prev": str, "at": str, "count": int, "root": str}
CLAIMS = {
    "v": int, "number": int, "epoch": int, "prev": str, "at_us": int, "count": int, "root": str, "statements": list,
}  # fmt: skip


class BlockInvalid(Exception):
    """This text is no block of ours."""


class Leaf(NamedTuple):
    """Where one chain ended, and the digest of that entry, which leaves of version 1 lack."""

    player: UUID
    seq: int
    mac: str
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """What a block says in public of a subject: a text of so many lines, and the time it is about in microseconds since 1970."""

    subject: str
    count: int
    sha256: str
    starts_us: int
    ends_us: int


@dataclass(frozen=True, slots=True)
class Block:
    """What a checkpoint's signature covers."""

    version: int
    number: int
    epoch: int
    prev: str
    at_us: int
    count: int
    root: str
    statements: tuple[Statement, ...] = ()

    @property
    def place(self) -> tuple[int, int]:
        """What orders blocks across recoveries."""
        return self.epoch, self.number

    @property
    def moment(self) -> datetime:
        return to_moment(self.at_us)

    @property
    def at(self) -> str:
        return format_time(self.moment)

    @property
    def is_full(self) -> bool:
        """Whether there may be more to sign than it has room for."""
        return self.count >= MAXIMUM_LEAVES or len(self.statements) >= MAXIMUM_STATEMENTS

    @property
    def age_seconds(self) -> float:
        return (datetime.now(UTC) - self.moment).total_seconds()


def read_block(text: str, keys: CheckpointKeys) -> Block:
    """Read a block and check its signature. Raises BlockInvalid, which names the rule it breaks."""
    block = read_unverified(text)
    try:
        jws.verify(text, keys.public[read_kid(text)])
    except KeyError:
        raise BlockInvalid("key id") from None
    except InvalidSignature:
        raise BlockInvalid("signature") from None
    return block


def read_unverified(text: str) -> Block:
    """Read what a block says of itself, whoever signed it. Raises BlockInvalid when it has not the form of one."""
    try:
        parts = jws.split(text)
        kid, document = strict_json.loads(parts.header)["kid"], strict_json.loads(parts.payload)
    except (ValueError, TypeError, KeyError):
        raise BlockInvalid("form") from None
    if parts.header != _encode(_make_header(kid)) or not isinstance(kid, str):
        raise BlockInvalid("header")
    if not isinstance(document, dict) or parts.payload != _encode(document):
        raise BlockInvalid("form")
    if document.get("v") not in (VERSION_1, VERSION):
        raise BlockInvalid("version")
    is_first = document["v"] == VERSION_1
    if not _has_form(document, CLAIMS_1 if is_first else CLAIMS):
        raise BlockInvalid("form")
    try:
        at_us = to_us(datetime.fromisoformat(document["at"])) if is_first else document["at_us"]
        statements = () if is_first else tuple(map(_read_statement, document["statements"]))
        to_moment(at_us)
    except (ValueError, TypeError, OverflowError):
        raise BlockInvalid("form") from None
    if len(statements) > MAXIMUM_STATEMENTS or not all(map(_is_stated, statements)):
        raise BlockInvalid("statements")
    if list(statements) != sorted({statement.subject: statement for statement in statements}.values()):
        raise BlockInvalid("statements")
    number, epoch, prev, count, root = (document[name] for name in ("number", "epoch", "prev", "count", "root"))
    return Block(1 if is_first else VERSION, number, epoch, prev, at_us, count, root, statements)


def read_kid(text: str) -> str:
    """Return the id of the key that a block says it is signed with; empty where it names none."""
    header = jws.read_unverified(text).header
    return str(header.get("kid", "")) if isinstance(header, dict) else ""


def hash_text(text: str) -> str:
    """Return what the `prev` of the next block is."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_leaf(leaf: Leaf) -> bytes:
    """Write the bytes that a leaf of the tree is hashed from."""
    return chain.canonical_values(LEAF_VERSION, [str(leaf.player), leaf.seq, leaf.mac, leaf.digest])


def hash_leaves(version: int, leaves: Iterable[Leaf]) -> tuple[int, str]:
    """Return `count` and `root` of leaves as blocks of this version have them; they come in the order of their players."""
    count = 0

    def texts() -> Iterable[bytes]:
        nonlocal count
        for leaf in leaves:
            count += 1
            yield f"{leaf.player} {leaf.seq} {leaf.mac}\n".encode() if version == 1 else write_leaf(leaf)

    if version == 1:
        lines = hashlib.sha256()
        for text in texts():
            lines.update(text)
        return count, lines.hexdigest()
    root = merkle.hash_tree(map(merkle.hash_leaf, texts()))
    return count, root.hex()


def sign(block: Block, keys: CheckpointKeys) -> str:
    """Write and sign a block of the version of today."""
    assert keys.private is not None  # noqa: S101 - checked by who calls
    claims = {name: value for name, value in asdict(block).items() if name != "version"}
    signed = ".".join(
        encode_base64url(_encode(part)) for part in (_make_header(keys.current), {"v": VERSION, **claims})
    )
    return f"{signed}.{encode_base64url(keys.private.sign(signed.encode('ascii')))}"


def _make_header(kid: Any) -> dict[str, Any]:
    return {"alg": "EdDSA", "kid": kid, "typ": TYPE}


def _has_form(document: Mapping[str, Any], claims: Mapping[str, type]) -> bool:
    if document.keys() != claims.keys() or not all(type(document[name]) is kind for name, kind in claims.items()):
        return False
    is_counted = document["number"] > 0 and document["epoch"] > 0 and document["count"] >= 0
    follows = not document["prev"] or HASH.fullmatch(document["prev"])
    return bool(is_counted and follows and HASH.fullmatch(document["root"]))


def _is_stated(statement: Statement) -> bool:
    is_said = SUBJECT.fullmatch(statement.subject) and HASH.fullmatch(statement.sha256)
    return bool(is_said) and statement.count >= 0 and statement.starts_us < statement.ends_us


def _read_statement(document: Any) -> Statement:
    statement = Statement(**document)
    if [type(value) for value in asdict(statement).values()] != [str, int, str, int, int]:
        raise TypeError
    return statement


def _encode(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")
