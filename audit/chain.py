"""The chain of audit entries: canonical form, MAC and the commitment to the context. No database; pure but for `salted`.

Each entry's MAC covers every column but its own `id`, `mac` and `context`, and through `prev` everything before it;
`context` is committed to by `detail`, so that a person's data can be erased without breaking the chain.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol
from uuid import UUID

VERSION = "scoreboard.entry.v1"
#: Of an entry that carries a value, which v1 has no place for.
VERSION_WITH_VALUE = "scoreboard.entry.v2"
#: The order is the format: see `canonical_row`.
SEALED_FIELDS = (
    "player",
    "seq",
    "kid",
    "kind",
    "delta",
    "balance",
    "value",
    "action",
    "ref",
    "actor",
    "at_us",
    "detail",
    "prev",
)
VALUE = SEALED_FIELDS.index("value")
#: The player of the system chain: what is no entry of a player's own chain, such as changes of the catalogue, erasures and reviews.
SYSTEM_CHAIN = UUID(int=0)
#: `prev` of a chain's first entry, and the head of a chain without one.
NO_HEAD = ""
SealedValue = str | int | None


class SealedEntry(Protocol):
    """What has the fields of SEALED_FIELDS: a row of the log, as a model or as it was read."""

    @property
    def player(self) -> UUID: ...
    @property
    def seq(self) -> int: ...
    @property
    def kid(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def delta(self) -> int: ...
    @property
    def balance(self) -> int: ...
    @property
    def value(self) -> int | None: ...
    @property
    def action(self) -> str: ...
    @property
    def ref(self) -> str | None: ...
    @property
    def actor(self) -> str: ...
    @property
    def at_us(self) -> int: ...
    @property
    def detail(self) -> str: ...
    @property
    def prev(self) -> str: ...


class LastEntry(SealedEntry, Protocol):
    """An entry that others may follow."""

    @property
    def mac(self) -> str: ...


class StoredEntry(LastEntry, Protocol):
    """An entry with what it rests on, unless that was erased."""

    @property
    def context(self) -> Mapping[str, str] | None: ...


class Entry(NamedTuple):
    """A row of the log, in the order of the canonical form; a model takes ten times as long to make."""

    player: UUID
    seq: int
    kid: str
    kind: str
    delta: int
    balance: int
    value: int | None
    action: str
    ref: str | None
    actor: str
    at_us: int
    detail: str
    prev: str
    mac: str
    context: dict[str, str] | None


_read_sealed = attrgetter(*SEALED_FIELDS)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode


def canonical(entry: SealedEntry) -> bytes:
    """Write the bytes the MAC is computed over: a JSON array of the version and the sealed fields, ASCII, without spaces."""
    player, *values = _read_sealed(entry)
    return canonical_row([str(player), *values])


def canonical_row(values: Sequence[SealedValue]) -> bytes:
    """Write the same for values in the order of SEALED_FIELDS, the player as text; where there is no value, as before there was one."""
    if values[VALUE] is None:
        return canonical_values(VERSION, [*values[:VALUE], *values[VALUE + 1 :]])
    return canonical_values(VERSION_WITH_VALUE, values)


def canonical_values(version: str, values: Sequence[SealedValue]) -> bytes:
    """Write the same for values that are read already; `version` keeps what is sealed for one purpose out of every other."""
    return _encode([version, *values]).encode("ascii")


def compute_mac(key: bytes, entry: SealedEntry) -> str:
    """Compute HMAC-SHA256 of `canonical(entry)`, in lower-case hex."""
    return authenticate(key, canonical(entry))


def authenticate(key: bytes, data: bytes) -> str:
    """Compute HMAC-SHA256 of the data, in lower-case hex."""
    return hmac.digest(key, data, "sha256").hex()


def salted(context: Mapping[str, str]) -> dict[str, str]:
    """Add a fresh salt to the context: without it a short one could be guessed from `detail`."""
    return {**context, "salt": secrets.token_hex(16)}


def commit_to(context: Mapping[str, str]) -> str:
    """Compute `detail`: SHA-256 of the salted context as JSON with sorted keys, ASCII, without spaces, in lower-case hex."""
    return hashlib.sha256(_encode_sorted(context).encode("ascii")).hexdigest()
