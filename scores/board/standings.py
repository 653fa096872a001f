"""Reads: the order of the board and its ties, the one snapshot that page, API and socket share, and one player's rank.

Order and ties: `Standing.objects.ranked`.
"""

import hashlib
import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import InterfaceError, OperationalError

from audit.times import format_time
from scores.board.documents import is_known, write_as_of
from scores.board.ranks import read_neighbourhood
from scores.database.availability import availability
from scores.models import Score, Standing

SIZE = 10
#: An unchanged board keeps its snapshot, and so its bytes, for as long as clients may cache it.
REUSE_SECONDS = 1.0
#: How far back a page may look for who rose and who fell, and how often what is read is kept for that.
TREND_SECONDS, SAMPLE_SECONDS = 15 * 60, 60


class BoardRow(TypedDict):
    """One row of the board, in the words of the API."""

    rank: int
    player: str
    name: str
    score: int
    reached_at: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole top 10 at one moment. `body` is the JSON of GET top and of the socket's `data`, byte for byte.

    `read_at` is on the clock of `time.monotonic`, in seconds.
    """

    as_of: str
    rows: list[BoardRow]
    body: str
    etag: str
    read_at: float

    def is_known(self, if_none_match: str) -> bool:
        """Whether a client that sent this If-None-Match has it already."""
        return is_known(self.etag, if_none_match)

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
#: Of this process alone, and only while somebody looks: it costs no query, and nobody relies on it.
_past: deque[Snapshot] = deque(maxlen=TREND_SECONDS // SAMPLE_SECONDS + 2)


def read_snapshot() -> Snapshot:
    """Read the present top 10; while the database is out of reach, the last one there was.

    Raises what the database raises when there was none.
    """
    try:
        return refresh_snapshot()
    except (OperationalError, InterfaceError):
        if _latest is None:
            raise
        availability.record_missed_read()
        return _latest


def refresh_snapshot() -> Snapshot:
    """Read the present top 10, one query whatever the number of players. Raises what the database raises."""
    global _latest  # noqa: PLW0603 - the one snapshot of this process
    rows = read_top()
    with _lock:
        now = time.monotonic()
        if _latest is None or _latest.rows != rows or now - _latest.read_at > REUSE_SECONDS:
            _latest = _build(rows, now)
            if not _past or now - _past[-1].read_at >= SAMPLE_SECONDS:
                _past.append(_latest)
        return _latest


def list_past(snapshot: Snapshot) -> list[Snapshot]:
    """List what was read before a snapshot, as far as it is kept: about one a minute, oldest first."""
    oldest = snapshot.read_at - TREND_SECONDS - SAMPLE_SECONDS
    with _lock:
        return [past for past in _past if oldest < past.read_at < snapshot.read_at]


def forget_past() -> None:
    """Forget what was read before, as a process that has just started."""
    with _lock:
        _past.clear()


def read_top() -> list[BoardRow]:
    """Read the rows of the top 10. Raises what the database raises."""
    rows: Any = Standing.objects.ranked().values_list("player", "player__name", "points", "reached_at")[:SIZE]
    return [shape_row(rank, *row) for rank, row in enumerate(rows, start=1)]


def shape_row(rank: int, player: UUID, name: str, points: int, reached_at: datetime) -> BoardRow:
    """Shape one row as every client gets it."""
    return {"rank": rank, "player": str(player), "name": name, "score": points, "reached_at": format_time(reached_at)}


@dataclass(frozen=True, slots=True)
class PlayerRank:
    """A player's rank and up to two neighbours each way; None and no neighbours for one who is not on the board."""

    score: Score
    rank: int | None
    above: list[BoardRow]
    below: list[BoardRow]


def find_rank(player: UUID) -> PlayerRank | None:
    """Find the player's rank and neighbours; None for an unknown player."""
    score = Score.objects.select_related("user").filter(pk=player).first()
    if score is None:
        return None
    order = read_neighbourhood(player)
    index = next((index for index, row in enumerate(order) if row.player == player), None)
    if index is None:
        return PlayerRank(score, None, [], [])
    own = order[index]
    # Of the same moment as the neighbours.
    score.points, score.reached_at = own.points, own.reached_at
    rows = [shape_row(*row) for row in order]
    return PlayerRank(score, own.rank, rows[:index], rows[index + 1 :])


def _build(rows: list[BoardRow], read_at: float) -> Snapshot:
    as_of = write_as_of(datetime.now(UTC))
    entries = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    etag = f'"{hashlib.sha256(entries.encode()).hexdigest()[:32]}"'
    return Snapshot(as_of, rows, f'{{"as_of":"{as_of}","entries":{entries}}}', etag, read_at)
