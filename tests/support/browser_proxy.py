"""A TCP proxy that fails the way networks do: it swallows WebSockets, falls silent, or cuts what is open."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.support.processes import free_port


class Proxy:
    """Listens on a port of its own and passes everything on, until it is told otherwise."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._swallows_sockets = False
        self._is_slow = False
        self._flowing = asyncio.Event()
        self._sockets_flowing = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def swallow_sockets(self) -> None:
        """From now on no WebSocket gets an answer, and those there are end."""
        self._swallows_sockets = True
        self.cut()

    def let_sockets_through(self) -> None:
        self._swallows_sockets = False

    def fall_silent(self) -> None:
        """Connections stay open, but not a byte passes: a half-open line."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def silence_sockets(self) -> None:
        """WebSockets stay open, but not a byte of them passes; everything else does. New ones fare no better."""
        self._loop.call_soon_threadsafe(self._sockets_flowing.clear)

    def flow_again(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.set)
        self._loop.call_soon_threadsafe(self._sockets_flowing.set)

    def slow_down(self) -> None:
        """What comes from the server arrives 250 bytes at a time, 100 times a second at most: a page is seen before it is whole."""
        self._is_slow = True

    def cut(self) -> None:
        """Ends every connection there is."""
        self._run(self._cut())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _open(self) -> None:
        self._flowing.set()
        self._sockets_flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._cut()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            is_socket = b"upgrade: websocket" in head.lower()
            if self._swallows_sockets and is_socket:
                await reader.read()
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(far_writer)
            gates = [self._flowing, self._sockets_flowing] if is_socket else [self._flowing]
            await asyncio.gather(self._pass(reader, far_writer, gates, head), self._pass(far_reader, writer, gates))

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gates: list[asyncio.Event],
        first: bytes = b"",
    ) -> None:
        data = first or await reader.read(65536)
        while data:
            for gate in gates:
                await gate.wait()
            writer.write(data)
            await writer.drain()
            if self._is_slow:
                await asyncio.sleep(0.01)
            data = await reader.read(250 if self._is_slow else 65536)
        writer.close()
