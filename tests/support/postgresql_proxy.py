"""A TCP proxy in front of PostgreSQL that loses what the server answers, as a network does, from a moment that a test chooses."""

import asyncio
import threading
from typing import Self

from tests.support.processes import free_port


class AnswerLosingProxy:
    """Passes everything on, until `lose_answers`, or until a client sends the bytes of `lose_answers_to`."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._loses = False
        self._loses_after: bytes | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def lose_answers(self) -> None:
        self._loses = True

    def lose_answers_to(self, sent: bytes) -> None:
        self._loses_after = sent

    def answer_again(self) -> None:
        self._loses, self._loses_after = False, None

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            await asyncio.gather(self._ask(from_client, to_server), self._answer(from_server, to_client))
        except (OSError, asyncio.CancelledError):
            pass  # either side may hang up whenever it likes, and so may the test
        finally:
            to_client.close()
            to_server.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._loses_after is not None and self._loses_after in data:
                self._loses = True
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._loses:
                writer.write(data)
                await writer.drain()
        writer.close()
