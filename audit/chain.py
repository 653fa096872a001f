"""The chain of audit entries: canonical form, MAC and the commitment to the context. Pure functions, no database.

Each entry's MAC covers every column but its own `id`, `mac` and `context`, and through `prev` everything before it;
`context` is committed to by `detail`, so that a person's data can be erased without breaking the chain.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

VERSION = "scoreboard.entry.v1"
#: The order is the format: see `canonical`.
SEALED_FIELDS = (
    "player",
    "seq",
    "kid",
    "kind",
    "delta",
    "balance",
    "action",
    "ref",
    "actor",
    "at_us",
    "detail",
    "prev",
)
#: The player of the system chain, which holds changes of the catalogue and other acts that belong to no one player.
SYSTEM_CHAIN = UUID(int=0)
#: `prev` of a chain's first entry, and the head of a chain without one.
NO_HEAD = ""


def canonical(entry: Any) -> bytes:
    """The bytes the MAC is computed over: a JSON array of the version and the sealed fields, ASCII, without spaces."""
    values = [getattr(entry, field) for field in SEALED_FIELDS]
    values[0] = str(values[0])
    return json.dumps([VERSION, *values], ensure_ascii=True, separators=(",", ":")).encode("ascii")


def compute_mac(key: bytes, entry: Any) -> str:
    """HMAC-SHA256 of `canonical(entry)` in lower-case hex."""
    return hmac.digest(key, canonical(entry), "sha256").hex()


def salted(context: Mapping[str, str]) -> dict[str, str]:
    """The context with a fresh salt, without which a short context could be guessed from `detail`."""
    return {**context, "salt": secrets.token_hex(16)}


def commit_to(context: Mapping[str, str]) -> str:
    """`detail`: SHA-256 of the salted context as JSON with sorted keys, ASCII, without spaces, in lower-case hex."""
    return hashlib.sha256(
        json.dumps(context, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")
    ).hexdigest()
