"""Viewers by the thousand, as cheap as possible: raw sockets that read the lengths of frames and the first score in them.

The first score is the marker player's, which every followed update raises. Per process it is noted when the last of
the viewers went from one such score to another; from that follows when an update had reached everybody.
"""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import Any, Self

import uvloop

from benchmarks.sending import context
from tests.support.processes import ServerError

#: So many handshakes at once in one process.
AT_ONCE = 64
PATIENCE_SECONDS = 120
TEXT, CLOSE, PING = 1, 8, 9
PONG_HEAD = 0x8A
SCORE = b'"score":'
NO_SCORE = -1


@dataclass(slots=True)
class Seen:
    """What the viewers of one process, or of all, have seen since the last reset."""

    frames: int = 0
    open: int = 0
    #: (score before, score after) -> how many viewers made that step, and when the last did, in monotonic seconds.
    steps: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)
    #: Close codes of sockets that ended; 1006 where it ended without one.
    closed: Counter[int] = field(default_factory=Counter)

    def add(self, other: Self) -> Self:
        self.frames += other.frames
        self.open += other.open
        self.closed += other.closed
        for step, (count, last) in other.steps.items():
            counted, latest = self.steps.get(step, (0, 0.0))
            self.steps[step] = counted + count, max(latest, last)
        return self

    def reached_all(self, score: int) -> float:
        """When the last viewer saw this score or a later one; not a number while somebody has not."""
        reached = [step for (before, after), step in self.steps.items() if before < score <= after]
        everybody = sum(count for count, _ in reached) >= self.open
        return max((last for _, last in reached), default=math.nan) if everybody else math.nan


class Viewer(asyncio.Protocol):
    """One socket: upgraded, then only its frames are counted."""

    __slots__ = ("_buffer", "_crowd", "_is_open", "_score", "_transport", "code", "ready")

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._buffer = b""
        self._score = NO_SCORE
        self.code = 1006
        self._is_open = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._crowd.handshake)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        self._buffer = b""
        position = 0
        if not self._is_open:
            position = data.find(b"\r\n\r\n") + 4
            if position < 4:
                self._buffer = data
                return
            self._upgraded(data)
            if not self._is_open:
                return
        end = len(data)
        while position < end:
            position = self._read_frame(data, position, end)
            if position < 0:
                return

    def _upgraded(self, data: bytes) -> None:
        if self.ready.done():
            return
        if data.startswith(b"HTTP/1.1 101"):
            self._is_open = True
            self._crowd.seen.open += 1
            self.ready.set_result(None)
        else:
            self.ready.set_exception(ServerError(f"a viewer was refused: {data[:200]!r}"))

    def _read_frame(self, data: bytes, start: int, end: int) -> int:
        """Where the next frame starts; -1 where this one is not whole yet."""
        length, payload = data[start + 1] & 127 if end - start > 1 else 0, start + 2
        if length == 126:
            length, payload = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
        elif length == 127:
            length, payload = int.from_bytes(data[start + 2 : start + 10], "big"), start + 10
        after = payload + length
        if after > end:
            self._buffer = data[start:]
            return -1
        kind = data[start] & 15
        if kind == TEXT:
            self._show(data, payload, after)
        elif kind == PING:
            # Masked with zeros, which leaves the payload as it is.
            self._transport.write(bytes((PONG_HEAD, 0x80 | length)) + b"\0\0\0\0" + data[payload:after])
        elif kind == CLOSE:
            self.code = int.from_bytes(data[payload : payload + 2], "big") if length >= 2 else 1005
            self._transport.close()
        return after

    def _show(self, data: bytes, start: int, end: int) -> None:
        seen = self._crowd.seen
        seen.frames += 1
        found = data.find(SCORE, start, end)
        if found >= 0:
            digits = found + len(SCORE)
            score = int(data[digits : data.find(b",", digits, end)].rstrip(b"}]"))
            if score != self._score:
                count, _ = seen.steps.get((self._score, score), (0, 0.0))
                seen.steps[self._score, score] = count + 1, time.monotonic()
                self._score = score

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ServerError("a viewer's connection ended before it was upgraded"))
        elif self._is_open:
            self._crowd.seen.open -= 1
            self._crowd.seen.closed[self.code] += 1

    def close(self) -> None:
        self._transport.close()


class Crowd:
    """All viewers of one process."""

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        self._addresses = addresses
        self._viewers: list[Viewer] = []
        self.seen = Seen()
        self.handshake = (
            b"GET /ws/scoreboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )

    async def connect(self, count: int) -> None:
        numbers = iter(range(count))
        done = await asyncio.gather(*(self._connect_each(numbers) for _ in range(AT_ONCE)), return_exceptions=True)
        for error in done:
            if error is not None:
                raise error

    async def _connect_each(self, numbers: Any) -> None:
        loop = asyncio.get_running_loop()
        for number in numbers:
            address = self._addresses[number % len(self._addresses)]
            _, viewer = await loop.create_connection(partial(Viewer, self), *address)
            await viewer.ready
            self._viewers.append(viewer)

    async def leave(self) -> None:
        for viewer in self._viewers:
            viewer.close()
        self._viewers = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.seen.open and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    def reset(self) -> None:
        self.seen = Seen(open=self.seen.open)


async def _obey(pipe: Pipe, addresses: Sequence[tuple[str, int]]) -> None:
    crowd, loop = Crowd(addresses), asyncio.get_running_loop()
    while True:
        order, argument = await loop.run_in_executor(None, pipe.recv)
        try:
            if order == "connect":
                await crowd.connect(argument)
            elif order == "leave":
                await crowd.leave()
            elif order == "reset":
                crowd.reset()
        except (OSError, ServerError) as error:
            pipe.send(error)
        else:
            pipe.send(crowd.seen)


def _work(pipe: Pipe, addresses: Sequence[tuple[str, int]]) -> None:
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        uvloop.run(_obey(pipe, addresses))


class Viewers:
    """Viewers in several processes; those that are open stay so from one order to the next."""

    def __init__(self, addresses: Sequence[tuple[str, int]], processes: int = 2) -> None:
        self._addresses = list(addresses)
        self._count = processes

    def __enter__(self) -> Self:
        self._pipes, self._processes = [], []
        for _ in range(self._count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, self._addresses), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        # So that the time to connect does not contain the time to start.
        self.look()
        return self

    def connect(self, count: int) -> float:
        """So many more; the seconds until the last was upgraded."""
        began = time.monotonic()
        share, rest = divmod(count, self._count)
        self._order([("connect", share + (number < rest)) for number in range(self._count)])
        return time.monotonic() - began

    def reset(self) -> None:
        """Forget what was seen so far."""
        self._order([("reset", None)] * self._count)

    def look(self) -> Seen:
        return self._order([("look", None)] * self._count)

    def leave(self) -> Seen:
        return self._order([("leave", None)] * self._count)

    def _order(self, orders: Sequence[tuple[str, int | None]]) -> Seen:
        for pipe, order in zip(self._pipes, orders, strict=True):
            pipe.send(order)
        answers = []
        for pipe in self._pipes:
            if not pipe.poll(PATIENCE_SECONDS):
                raise ServerError(f"the viewers did not {orders[0][0]} within {PATIENCE_SECONDS} s")
            answers.append(pipe.recv())
        total = Seen()
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            total.add(answer)
        return total

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join(10)
