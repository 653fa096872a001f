"""Sends loads: HTTP/1.1 over kept connections, raw sockets on uvloop, cheap enough to share the machine it measures."""

import asyncio
import multiprocessing
import re
import secrets
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection as Pipe
from threading import BrokenBarrierError
from typing import Any, Self

import uvloop

from benchmarks.load import LOST, Load, Outcome, Refusal, is_good

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
BODILESS = {204, 304}
PATIENCE_SECONDS = 60
RECONNECT_SECONDS = 0.02
RETRY_SECONDS = 0.1
REFUSALS_KEPT = 1000

context = multiprocessing.get_context("forkserver")


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
        #: What waits for an answer, since when it is due, and since when it was sent the last time.
        self._request = b""
        self._due = self._sent = 0.0
        self._retry: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connects, for as long as somebody may still come to listen."""
        while self._transport is None:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
            except OSError:
                if self._sender.is_given_up:
                    return
                await asyncio.sleep(RECONNECT_SECONDS)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._buffer = b""

    def send(self, due: float) -> None:
        """The next request; latency counts from `due`."""
        load = self._sender.load
        key = f"Idempotency-Key: {self._name}{self._count}\r\n".encode() if load.keyed else b""
        self._request = b"%b%b\r\n%b" % (self._heads[self._count % len(self._heads)], key, load.body)
        self._count += 1
        self._due = due
        self.send_again()

    def send_again(self) -> None:
        self._sent = time.monotonic()
        if self._transport is not None:
            self._transport.write(self._request)

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
        self._answered(status, buffer)

    def _answered(self, status: int, answer: bytes) -> None:
        sender = self._sender
        sender.record(status, self._due, self._sent, answer)
        if sender.load.retry and not is_good(status):
            if status != LOST:
                self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self.send_again)
        else:
            self._request = b""
            sender.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._retry is not None:
            self._retry.cancel()
        if self._request:
            self._answered(LOST, b"")
        self._sender.reopen(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def is_waiting(self) -> bool:
        return bool(self._request)

    @property
    def is_open(self) -> bool:
        return self._transport is not None


class Sender:
    """Drives the connections of one load."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.outcome = Outcome()
        self.is_given_up = False
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
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._is_unfinished and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        self.is_given_up = True
        # What was due and never sent was not answered either.
        self.outcome.statuses.update(LOST for _ in self._due)
        for connection in self.connections:
            connection.close()
        return self.outcome

    @property
    def _is_unfinished(self) -> bool:
        return bool(self._due) or any(connection.is_waiting for connection in self.connections)

    def record(self, status: int, due: float, sent: float, answer: bytes) -> None:
        outcome, now = self.outcome, time.monotonic()
        outcome.statuses[status] += 1
        if is_good(status):
            outcome.asked.append(due)
            outcome.answered.append(now)
        elif len(outcome.refusals) < REFUSALS_KEPT:
            outcome.refusals.append(Refusal(now, now - sent, answer))

    def free(self, connection: Connection) -> None:
        """The connection may send again."""
        if not connection.is_open:
            return
        now = time.monotonic()
        if self._due:
            connection.send(self._due.pop(0))
        elif now >= self._end:
            return
        elif self.load.rate:
            self._idle.append(connection)
        else:
            connection.send(now)

    def reopen(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        if self.is_given_up or (time.monotonic() >= self._end and not self._is_unfinished):
            return
        task = asyncio.ensure_future(self._reopen(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reopen(self, connection: Connection) -> None:
        await connection.open()
        if connection.is_waiting:
            connection.send_again()
        else:
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
