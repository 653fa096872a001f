"""Reads: the order of the board and its ties, the one snapshot that page, API and socket share, and a player's place.

Order: most points first; of equal points, who reached them first; then by id.
"""

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError

from audit.times import format_time
from scores.board.ranks import read_neighbourhood
from scores.database.availability import availability
from scores.models import Score

SIZE = 10
#: An unchanged board keeps its snapshot, and so its bytes, for as long as clients may cache it.
REUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole top 10 at one moment. `body` is the JSON of GET top and of the socket's `data`, byte for byte."""

    as_of: str
    entries: list[dict[str, Any]]
    body: str
    etag: str
    read_at: float

    def is_known(self, if_none_match: str) -> bool:
        """Whether a client that sent this If-None-Match has it already (RFC 9110, section 13.1.2)."""
        known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return not known.isdisjoint({self.etag, "*"})

    def describe_age(self) -> dict[str, str]:
        """The Age field (RFC 9111, section 5.1) of an answer that is older than it should be, because the database is away.

        Without it a client that has this snapshot already could not tell whether the server still knows that it is right.
        """
        seconds = int(time.monotonic() - self.read_at)
        return {"Age": str(seconds)} if seconds > REUSE_SECONDS else {}

    @property
    def frame(self) -> str:
        """The socket's message."""
        return f'{{"event":"scoreboardUpdate","data":{self.body}}}'


_lock = threading.Lock()
_latest: Snapshot | None = None


def read_snapshot() -> Snapshot:
    """The present top 10. While the database is out of reach: the last one there was, which its watch keeps fresh."""
    try:
        return refresh_snapshot()
    except (OperationalError, InterfaceError):
        if _latest is None:
            raise
        availability.record_missed_read()
        return _latest


def refresh_snapshot() -> Snapshot:
    """The present top 10, one query whatever the number of players; raises what the database raises."""
    global _latest  # noqa: PLW0603 - the one snapshot of this process
    entries = read_top()
    with _lock:
        now = time.monotonic()
        if _latest is None or _latest.entries != entries or now - _latest.read_at > REUSE_SECONDS:
            _latest = _build(entries, now)
        return _latest


def read_top() -> list[dict[str, Any]]:
    rows: Any = Score.objects.ranked().values_list("id", "name", "points", "reached_at")[:SIZE]
    return [shape_entry(rank, *row) for rank, row in enumerate(rows, start=1)]


def shape_entry(rank: int, player: UUID, name: str, points: int, reached_at: datetime) -> dict[str, Any]:
    """One row as every client gets it."""
    return {"rank": rank, "player": str(player), "name": name, "score": points, "reached_at": format_time(reached_at)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one player stands: `rank` is None for one who is not on the board, who has no neighbours either."""

    score: Score
    rank: int | None
    above: list[dict[str, Any]]
    below: list[dict[str, Any]]


def find_place(player: UUID) -> Place | None:
    """The player's rank and up to two neighbours each way; None for an unknown player."""
    score = Score.objects.select_related("user").filter(pk=player).first()
    order = read_neighbourhood(player) if score else []
    mine = next((place for place, standing in enumerate(order) if standing.rank is not None), None)
    if score is None or mine is None:
        return Place(score, None, [], []) if score else None
    me = order[mine]
    score.points, score.reached_at = me.points, me.reached_at
    entries = [shape_entry((me.rank or 0) + place - mine, *standing[:4]) for place, standing in enumerate(order)]
    return Place(score, me.rank, entries[:mine], entries[mine + 1 :])


def _build(entries: list[dict[str, Any]], read_at: float) -> Snapshot:
    as_of = format_time(datetime.now(UTC))
    rows = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    etag = f'"{hashlib.sha256(rows.encode()).hexdigest()[:32]}"'
    return Snapshot(as_of, entries, f'{{"as_of":"{as_of}","entries":{rows}}}', etag, read_at)
