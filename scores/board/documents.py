"""What readers are answered: a JSON text with the tag that says when it is another one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from audit.times import format_time
from scores.database.replica import date_back

#: For how many seconds an answer may be kept: of what still moves, and of a closed period, which only a correction moves.
MOVING_SECONDS, CLOSED_SECONDS = 1, 60


@dataclass(frozen=True, slots=True)
class Document:
    """`etag` is strong, over all of `body` but the time of the reading; `keep_seconds` says how long it may be kept."""

    body: str
    etag: str
    keep_seconds: int


def write_document(
    content: Mapping[str, object], *, as_of: str | None = None, keep_seconds: int = MOVING_SECONDS
) -> Document:
    """Write a document; the time of the reading, if it is to have one, stands first."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    body = text if as_of is None else f'{{"as_of":"{as_of}",{text[1:]}'
    return Document(body, write_etag(hashlib.sha256(text.encode()).hexdigest()), keep_seconds)


def write_as_of(moment: datetime) -> str:
    """Write the time of a reading: a replica shows what was before it, by as much as that is behind."""
    return format_time(date_back(moment))


def write_etag(digest: str) -> str:
    """Write a hash, in hex, as a strong tag."""
    return f'"{digest[:32]}"'


def is_known(etag: str, if_none_match: str) -> bool:
    """Tell whether a client that sent this If-None-Match has it already (RFC 9110, section 13.1.2)."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return not known.isdisjoint({etag, "*"})
