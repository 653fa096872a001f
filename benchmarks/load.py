"""The load generator: HTTP/1.1 over kept connections, raw sockets on uvloop, cheap enough to share the machine it measures.

Each `Load` runs in a process of its own. All connect, wait for each other, and begin at once; each request is
sent when the answer to the one before is complete or, with a `rate`, when its time has come (its latency then counts
from that time, so that a server that stalls cannot hide it).
"""

import asyncio
import multiprocessing
import re
import secrets
import time
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection as Pipe
from threading import BrokenBarrierError
from typing import Any, Self

import uvloop

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
BODILESS = {204, 304}
PATIENCE_SECONDS = 60
RECONNECT_SECONDS = 0.02
#: Where a request was sent and the connection ended without an answer.
LOST = 0

context = multiprocessing.get_context("spawn")


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


@dataclass(slots=True)
class Outcome:
    """What came back: statuses, and for each answer when it was asked for and when it was there (monotonic seconds)."""

    statuses: Counter[int] = field(default_factory=Counter)
    asked: "array[float]" = field(default_factory=lambda: array("d"))
    answered: "array[float]" = field(default_factory=lambda: array("d"))
    #: Of answers that are neither 2xx nor 304: the first few, to see what went wrong.
    refusals: list[bytes] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300 or status == 304)

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


class Connection(asyncio.Protocol):
    """One kept connection with one request at a time in flight."""

    def __init__(self, sender: "Sender", number: int) -> None:
        self._sender = sender
        self._address = sender.load.addresses[number % len(sender.load.addresses)]
        self._heads = sender.load.heads[number :: sender.load.connections] or sender.load.heads
        self._name = f"{secrets.token_hex(8)}-"
        self._count = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._asked = 0.0
        self._is_waiting = False

    async def open(self) -> None:
        """Connects, for as long as somebody may still come to listen."""
        while self._transport is None:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
            except OSError:
                if self._sender.is_over:
                    return
                await asyncio.sleep(RECONNECT_SECONDS)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._buffer = b""

    def send(self, due: float) -> None:
        """The next request; latency counts from `due`."""
        if self._transport is None:
            return
        load = self._sender.load
        self._asked, self._is_waiting = due, True
        key = f"Idempotency-Key: {self._name}{self._count}\r\n".encode() if load.keyed else b""
        self._transport.write(b"%b%b\r\n%b" % (self._heads[self._count % len(self._heads)], key, load.body))
        self._count += 1

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        status = int(buffer[9:12])
        if status not in BODILESS:
            length = CONTENT_LENGTH.search(buffer, 0, end + 2)
            whole = len(buffer) - end - 4 >= int(length[1]) if length else buffer.endswith(b"0\r\n\r\n")
            if not whole:
                return
        self._buffer = b""
        self._is_waiting = False
        self._sender.record(status, self._asked, buffer)
        self._sender.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._is_waiting:
            self._is_waiting = False
            self._sender.record(LOST, self._asked, b"")
        if not self._sender.is_over:
            self._sender.reopen(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def is_waiting(self) -> bool:
        return self._is_waiting


class Sender:
    """Drives the connections of one load."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.outcome = Outcome()
        self.is_over = False
        self._idle: list[Connection] = []
        self._due: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._end = 0.0

    async def connect(self) -> None:
        self.connections = [Connection(self, number) for number in range(self.load.connections)]
        await asyncio.gather(*(connection.open() for connection in self.connections))

    async def run(self) -> Outcome:
        self._end = time.monotonic() + self.load.seconds
        for connection in self.connections:
            self.free(connection)
        if self.load.rate:
            await self._pace()
        await asyncio.sleep(max(0.0, self._end - time.monotonic()))
        self.is_over = True
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(connection.is_waiting for connection in self.connections) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for connection in self.connections:
            connection.close()
        return self.outcome

    def record(self, status: int, asked: float, answer: bytes) -> None:
        outcome = self.outcome
        outcome.statuses[status] += 1
        if status != LOST:
            outcome.asked.append(asked)
            outcome.answered.append(time.monotonic())
        if not (200 <= status < 300 or status == 304) and len(outcome.refusals) < 3:
            outcome.refusals.append(answer)

    def free(self, connection: Connection) -> None:
        """The connection may send again."""
        now = time.monotonic()
        if now >= self._end:
            return
        if not self.load.rate:
            connection.send(now)
        elif self._due:
            connection.send(self._due.pop(0))
        else:
            self._idle.append(connection)

    def reopen(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        task = asyncio.ensure_future(self._reopen(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reopen(self, connection: Connection) -> None:
        await connection.open()
        self.free(connection)

    async def _pace(self) -> None:
        """Requests at their times; those for which no connection is free wait in line."""
        due = time.monotonic()
        while due < self._end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._idle:
                self._idle.pop().send(due)
            else:
                self._due.append(due)
            due += 1 / self.load.rate


def _work(load: Load, barrier: Any, pipe: Pipe) -> None:
    async def work() -> Outcome:
        sender = Sender(load)
        await sender.connect()
        await asyncio.get_running_loop().run_in_executor(None, barrier.wait)
        return await sender.run()

    try:
        pipe.send(uvloop.run(work()))
    except (KeyboardInterrupt, BrokenBarrierError):
        pipe.close()


class Loads:
    """Several loads at once, each in a process of its own: `start()` returns when all begin, `join()` when all are done."""

    def __init__(self, loads: Iterable[Load]) -> None:
        self._loads = list(loads)
        self._barrier = context.Barrier(len(self._loads) + 1, timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self._pipes, self._processes = [], []
        for load in self._loads:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(load, self._barrier, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        return self

    def start(self) -> None:
        self._barrier.wait()

    def join(self) -> list[Outcome]:
        return [pipe.recv() for pipe in self._pipes]

    def __exit__(self, *_: object) -> None:
        self._barrier.abort()
        for process in self._processes:
            process.terminate()
            process.join(10)


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
