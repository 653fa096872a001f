"""What a load generator is to send, and what came back.

Each `Load` runs in a process of its own (see `sending`). All connect, wait for each other, and begin at once; each request
is sent when the answer to the one before is complete or, with a `rate`, when its time has come (its latency then counts
from that time, so that a server that stalls cannot hide it).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

#: Where a request was sent and the connection ended without an answer.
LOST = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What one process sends. `heads` are request line and headers without the empty line, handed out to connections in turn."""

    addresses: Sequence[tuple[str, int]]
    heads: Sequence[bytes]
    seconds: float
    connections: int = 16
    body: bytes = b""
    #: Give each request an Idempotency-Key of its own.
    keyed: bool = False
    #: Requests a second over all connections; 0 = as fast as answers come.
    rate: float = 0
    #: Send a refused or lost request again, under the same key, until it succeeds.
    retry: bool = False


class Refusal(NamedTuple):
    """An answer that was no success: when it came, how long it took, and what it said (nothing: the connection ended)."""

    at: float
    seconds: float
    answer: bytes


@dataclass(slots=True)
class Outcome:
    """What came back: statuses, and for each success when it was asked for and when it was there (monotonic seconds)."""

    statuses: Counter[int] = field(default_factory=Counter)
    asked: "array[float]" = field(default_factory=lambda: array("d"))
    answered: "array[float]" = field(default_factory=lambda: array("d"))
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(count for status, count in self.statuses.items() if is_good(status))

    @property
    def latencies(self) -> list[float]:
        """Milliseconds."""
        return [1000 * (after - before) for before, after in zip(self.asked, self.answered, strict=True)]

    def add(self, other: Self) -> Self:
        self.statuses += other.statuses
        self.asked += other.asked
        self.answered += other.answered
        self.refusals += other.refusals
        return self


def is_good(status: int) -> bool:
    return 200 <= status < 300 or status == 304


def split(load: Load, processes: int) -> list[Load]:
    """The same load shared between several processes, each with players of its own."""
    return [
        replace(
            load,
            heads=load.heads[number::processes] or load.heads,
            connections=max(1, load.connections // processes),
            rate=load.rate / processes,
        )
        for number in range(processes)
    ]


def get_head(path: str, *headers: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"GET {path} HTTP/1.1", "Host: localhost", *headers)).encode()


def make_updates(tokens: Iterable[str], action: str, path: str = "/api/score/update") -> tuple[list[bytes], bytes]:
    """Heads and body of these players' updates."""
    body = b'{"action":"%b"}' % action.encode()
    heads = [
        (
            f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        ).encode()
        for token in tokens
    ]
    return heads, body
