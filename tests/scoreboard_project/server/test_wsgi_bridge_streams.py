"""Long answers: a chunk at a time, for as long as somebody reads, and no thread waits for a reader."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from scoreboard_project.server import wsgi_bridge
from scoreboard_project.server.asgi_types import Message
from scoreboard_project.server.threads import THREADS
from scoreboard_project.server.wsgi_bridge import Bridge

pytestmark = pytest.mark.any_database

SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "path": "/long", "query_string": b"", "headers": [], "http_version": "1.1",
    "scheme": "http",
}  # fmt: skip


class Answers:
    """What Django would answer: without end at /long, a word elsewhere."""

    def __init__(self) -> None:
        self.made = self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., None]) -> HttpResponseBase:
        start_response("200 OK", [])
        if environ["PATH_INFO"] != "/long":
            return HttpResponse(b"done")
        return StreamingHttpResponse(self)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks()

    def close(self) -> None:
        """What a response calls of its content when it is closed itself."""
        self.closed += 1

    def _chunks(self) -> Iterator[bytes]:
        while True:
            self.made += 1
            yield b"x" * 1024


class Reader:
    """One who asks, and takes as many messages of the answer as it likes."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.got: list[Message] = []
        self.gone = asyncio.Event()
        self._asked = False

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request"}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if len(self.got) == self.takes:
            await asyncio.Event().wait()
        self.got.append(message)


def make_bridge(answers: Answers) -> Bridge:
    return Bridge(answers)  # type: ignore[arg-type]  # all that it asks of a handler


def test_who_left_ends_the_answer() -> None:
    async def read() -> None:
        answers, reader = Answers(), Reader(takes=-1)
        answering = asyncio.create_task(make_bridge(answers)(SCOPE, reader.receive, reader.send))
        while len(reader.got) < 5:
            await asyncio.sleep(0)
        reader.gone.set()
        await asyncio.wait_for(answering, 5)
        made = answers.made
        await asyncio.sleep(0)
        assert (answers.closed, answers.made) == (1, made)
        assert reader.got[-1] != {"type": "http.response.body"}

    asyncio.run(read())


def test_readers_that_take_nothing_hold_no_thread_and_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_bridge, "STALLED_SECONDS", 1.0)

    async def read() -> None:
        answers = Answers()
        application = make_bridge(answers)
        stalled = [Reader(takes=3) for _ in range(2 * THREADS)]
        answering = [asyncio.create_task(application(SCOPE, reader.receive, reader.send)) for reader in stalled]
        while any(len(reader.got) < 3 for reader in stalled):
            await asyncio.sleep(0)
        other = Reader(takes=-1)
        await asyncio.wait_for(application(SCOPE | {"path": "/"}, other.receive, other.send), 0.5)
        assert other.got[-1]["body"] == b"done"
        await asyncio.wait_for(asyncio.gather(*answering), 5)
        assert answers.closed == len(stalled)

    asyncio.run(read())
