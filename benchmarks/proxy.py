"""A proxy of a few lines for two servers: what a rolling restart needs of one, and a line that can be cut.

A request whose server is gone before it answered goes to the other server (which the idempotency key makes harmless);
sockets are passed through as they are.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Self

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
TRIES = 200
PAUSE_SECONDS = 0.05
CHUNK = 65536


class Proxy:
    """Runs on a thread of its own while the `with` lasts."""

    def __init__(self, backends: Sequence[tuple[str, int]]) -> None:
        self._backends = list(backends)
        self._turn = 0
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = ("127.0.0.1", self._ready.result(timeout=10))
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=4096)
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._stopped.wait()
        server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests of one client, one after the other."""
        # Cancelled when the proxy ends.
        over = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.suppress(*over), contextlib.closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = CONTENT_LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                if b"upgrade: websocket" in head.lower():
                    await self._tunnel(head, reader, writer)
                    return
                writer.write(await self._ask(head + body))

    async def _ask(self, request: bytes) -> bytes:
        """The answer of whichever server gives one; each request has a connection of its own."""
        for _ in range(TRIES):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                there, back = await self._connect()
                with contextlib.closing(back):
                    back.write(request)
                    head = await there.readuntil(b"\r\n\r\n")
                    length = CONTENT_LENGTH.search(head)
                    return head + (await there.readexactly(int(length[1])) if length else b"")
            await asyncio.sleep(PAUSE_SECONDS)
        return b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the servers in turn, past one that does not listen."""
        self._turn += 1
        for number in range(1, len(self._backends)):
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection(*self._backends[(self._turn + number) % len(self._backends)])
        return await asyncio.open_connection(*self._backends[self._turn % len(self._backends)])

    async def _tunnel(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._connect()
        back.write(head)
        await asyncio.gather(pump(reader, back), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one side to the other, its end too."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
