"""HTTP from ASGI to Django's WSGI handler in a thread pool: sockets stay asynchronous, requests cost a fraction.

Measured (docs/decisions/0002): Django's own ASGI handler spends several times the CPU of this bridge on an empty request.
The body is read once, limited while it is read; the handler gets one thread hop; `response.close()` is honoured, and
streaming responses stream. Database connections live one per thread. Probes need no thread: they say what this process knows.
"""

import asyncio
import io
import logging
import sys
import time
from concurrent.futures import Future
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from scoreboard_project.server.asgi_types import Message, Receive, Send
from scoreboard_project.server.fast_refusal import refuse
from scoreboard_project.server.fast_update import PATH as UPDATE
from scoreboard_project.server.fast_update import UpdateFastPath
from scoreboard_project.server.request_headers import read_content_type, read_cookies
from scoreboard_project.server.threads import LOGINS, AllThreads, Threads
from scores.announcements import publisher
from scores.api.views import IS_HELD
from scores.awards import compare_and_swap
from scores.database.availability import availability, time_limit
from scores.errors import OutcomeUnknown, PayloadTooLarge, Refused, RequestTimeout, Unavailable
from scores.http.limits import COUNTED

logger = logging.getLogger(__name__)

API_BODY_BYTES = 8 * 1024
PAGE_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 25.0
#: Who takes nothing of a long answer for so long is let go.
STALLED_SECONDS = 60.0
#: A request that waited this long for a thread is refused, so that with the database away nobody waits beyond 5 s.
QUEUE_SECONDS = 1.5
#: A client of the API, or one who signs in, has an answer by then, whatever its thread hangs in.
ANSWER_SECONDS = 4.6
#: An update of a player whom another transaction holds is tried again after ever longer pauses, until it has waited for so long.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, HELD_SECONDS = 0.05, 0.5, 4.0
#: Answers that may not say a length of 0 (RFC 9110, section 8.6); Django says one with everything.
WITHOUT_CONTENT = frozenset({204, 304})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Bridge:
    """The ASGI application for HTTP."""

    def __init__(self, handler: WSGIHandler) -> None:
        self._handler = handler
        self._updates = UpdateFastPath()
        self._threads = AllThreads()
        #: By player, of those who are held and waited for.
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        publisher.attach()
        began = time.perf_counter()
        limit = API_BODY_BYTES if scope["path"].startswith("/api") else PAGE_BODY_BYTES
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(scope, receive, limit)
        except TimeoutError:
            await _refuse(scope, send, RequestTimeout(), began)
            return
        except ConnectionError:
            return
        if body is None:
            await _refuse(scope, send, PayloadTooLarge(), began)
            return
        try:
            environ = build_environ(scope, body)
            threads = self._threads.choose(environ["REQUEST_METHOD"], scope["path"])
            response, start = await self._answer(environ, threads)
        except Refused as refusal:
            await _refuse(scope, send, refusal, began)
            return
        await send(start)
        if isinstance(response, bytes):
            await send({"type": "http.response.body", "body": response})
        else:
            await self._stream(threads, response, receive, send)

    async def _answer(self, environ: dict[str, Any], threads: Threads) -> tuple[Any, Message]:
        """The whole answer, or a streaming response that is still to be sent."""
        if _is_probe(environ):
            return self._handle(environ)
        arrived_at = time.monotonic()
        answer = await self._updates.answer(environ)
        if answer is not None:
            return answer
        if environ["PATH_INFO"] == UPDATE and compare_and_swap.is_possible():
            response, start = await self._answer_update(environ, threads, arrived_at)
        else:
            response, start = await self._respond_in(threads, environ, arrived_at)
        self._updates.learn(environ, start)
        return response, start

    async def _answer_update(self, environ: dict[str, Any], threads: Threads, arrived_at: float) -> tuple[Any, Message]:
        """By the view, which says at once where another transaction holds the player: no thread waits for that."""
        tried = {**environ, IS_HELD: False}
        answer = await self._respond_in(threads, tried, arrived_at)
        if not tried[IS_HELD]:
            return answer
        # Counted once, however often it is tried.
        environ[COUNTED] = next(iter(tried.get("RATE_LIMITS", [])), None)
        # One of those who wait for a player tries for all of them, or they would take every thread by turns.
        turn = self._turns.setdefault(tried["CALLER"].player, asyncio.Lock())
        try:
            async with asyncio.timeout(arrived_at + HELD_SECONDS - time.monotonic()):
                await turn.acquire()
        except TimeoutError:
            raise Unavailable(reason="held") from None
        try:
            return await self._answer_held(environ, threads, arrived_at)
        finally:
            turn.release()

    async def _answer_held(self, environ: dict[str, Any], threads: Threads, arrived_at: float) -> tuple[Any, Message]:
        pause = PAUSE_SECONDS
        while time.monotonic() - arrived_at < HELD_SECONDS:
            environ["wsgi.input"].seek(0)
            tried = {**environ, IS_HELD: False}
            answer = await self._respond_in(threads, tried, arrived_at)
            if not tried[IS_HELD]:
                return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise Unavailable(reason="held")

    async def _respond_in(self, threads: Threads, environ: dict[str, Any], arrived_at: float) -> tuple[Any, Message]:
        """What Django answers, in a thread of these. Raises Unavailable where none got to it, OutcomeUnknown where one hangs."""
        job: Future[tuple[Any, Message]] = threads.submit(
            self._respond, environ, threads, arrived_at, queued_at=time.monotonic()
        )
        response = asyncio.wrap_future(job)
        is_bounded = environ["PATH_INFO"] in LOGINS or environ["PATH_INFO"].startswith("/api/")
        left = max(0, arrived_at + ANSWER_SECONDS - time.monotonic())
        done, _ = await asyncio.wait([response], timeout=left if is_bounded else None)
        if done:
            return response.result()
        response.add_done_callback(lambda late: late.cancelled() or late.exception())
        if job.cancel() or environ["REQUEST_METHOD"] in SAFE_METHODS:
            raise Unavailable(reason="queue")
        raise OutcomeUnknown(reason="queue")

    def _respond(
        self, environ: dict[str, Any], threads: Threads, arrived_at: float, *, queued_at: float
    ) -> tuple[Any, Message]:
        """In a thread: what Django answers, within what time is left of the request's for the database."""
        now = time.monotonic()
        if now - queued_at > QUEUE_SECONDS:
            raise Unavailable(reason="queue")
        seconds = threads.database_seconds()
        with time_limit(None if seconds is None else max(0, seconds - (now - arrived_at))):
            return self._handle(environ)

    def _handle(self, environ: dict[str, Any]) -> tuple[Any, Message]:
        start: Message = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            start["status"] = int(status[:3])
            start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

        response: Any = self._handler(environ, start_response)  # type: ignore[arg-type]
        if not response.streaming:
            try:
                content = b"".join(response)
                if start["status"] in WITHOUT_CONTENT:
                    start["headers"] = [pair for pair in start["headers"] if pair[0] != b"content-length"]
                elif not response.has_header("Content-Length"):
                    start["headers"].append((b"content-length", str(len(content)).encode()))
                return b"" if environ["REQUEST_METHOD"] == "HEAD" else content, start
            finally:
                response.close()
        return response, start

    async def _stream(self, threads: Threads, response: Any, receive: Receive, send: Send) -> None:
        """A chunk at a time, so that no thread waits for the reader: one who left ends it, and so does one who reads nothing."""
        loop, chunks = asyncio.get_running_loop(), iter(response)
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            while not gone.done():
                chunk = await loop.run_in_executor(threads, next, chunks, None)
                async with asyncio.timeout(STALLED_SECONDS):
                    await send({"type": "http.response.body", "body": chunk or b"", "more_body": chunk is not None})
                if chunk is None:
                    break
        except TimeoutError:
            logger.info("a reader took nothing for %s s and is let go", STALLED_SECONDS)
        finally:
            gone.cancel()
            await loop.run_in_executor(threads, response.close)


def _is_probe(environ: dict[str, Any]) -> bool:
    """Whether the answer is at hand: that we live, or what the database's watch has seen."""
    path = environ["PATH_INFO"]
    return path == "/healthz" or (path == "/readyz" and availability.is_watched)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(scope: Message, receive: Receive, limit: int) -> bytes | None:
    """The body, or None as soon as it is known to be larger than the limit; what comes after is not kept.

    Raises ConnectionError when it ends before it is whole: what was meant by half a request is not for us to say.
    """
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not length.isdigit() or int(length) > limit:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client left in the middle of its request")
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def build_environ(scope: Message, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name or name in {b"content-length", b"transfer-encoding"}:
            continue  # X_Forwarded_For would become the same variable as X-Forwarded-For
        key = "CONTENT_TYPE" if name == b"content-type" else "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        separator = "; " if name == b"cookie" else ","
        environ[key] = environ[key] + separator + text if key in environ else text
    for key, read in (("CONTENT_TYPE", read_content_type), ("HTTP_COOKIE", read_cookies)):
        if key in environ:
            environ[key] = read(environ[key])
    return environ


async def _refuse(scope: Message, send: Send, refusal: Refused, began: float) -> None:
    """The answer to a request that Django never saw, or did not answer in time."""
    body, start = refuse(WSGIRequest(build_environ(scope, b"")), refusal, began=began)
    if isinstance(refusal, RequestTimeout):
        start["headers"].append((b"connection", b"close"))
    await send(start)
    await send({"type": "http.response.body", "body": body})
