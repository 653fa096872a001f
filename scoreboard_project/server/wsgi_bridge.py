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
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary
from wsgiref.types import WSGIEnvironment

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from scoreboard_project.server.asgi_types import Message, Receive, Send
from scoreboard_project.server.fast_path import PASS_TO_VIEW, FastPath
from scoreboard_project.server.fast_refusal import refuse
from scoreboard_project.server.request_headers import read_content_type, read_cookies
from scoreboard_project.server.routes import AWARDS, LOGINS, LONG_READS, UPDATE, is_for_everybody
from scoreboard_project.server.threads import AllThreads, Threads
from scores.announcements import publisher
from scores.awards import compare_and_swap
from scores.database.availability import availability, time_limit
from scores.database.replica import reading
from scores.errors import OutcomeUnknown, PayloadTooLarge, Refused, RequestTimeout, Unavailable
from scores.http.context import RequestContext, context_of

logger = logging.getLogger(__name__)

API_BODY_BYTES = 8 * 1024
#: Of pages, and of a call with many awards.
LONG_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 25.0
#: Who takes nothing of a long answer for so long is let go.
STALLED_SECONDS = 60.0
#: A request that waited this long for a thread is refused, so that with the database away nobody waits beyond 5 s.
QUEUE_SECONDS = 1.5
#: A client of the API, or one who signs in, has an answer by then, whatever its thread hangs in; but for the results of a period.
ANSWER_SECONDS = 4.6
#: An update of a player whom another transaction holds is tried again after ever longer pauses, until it has waited for so long.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, HELD_SECONDS = 0.05, 0.5, 4.0
#: Answers that may not say a length of 0 (RFC 9110, section 8.6); Django says one with everything.
WITHOUT_CONTENT = frozenset({204, 304})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: The start of an answer, and all of its body or Django's response, which streams it.
WholeOrStream = tuple[Any, Message]


class ClientLeft(Exception):
    """The client left in the middle of its request."""


class Bridge:
    """The ASGI application for HTTP. Where a route has a fast path, that is tried first."""

    def __init__(self, handler: WSGIHandler, fast_paths: Sequence[FastPath] = ()) -> None:
        self._handler = handler
        self._fast_paths = {(fast_path.method, fast_path.path): fast_path for fast_path in fast_paths}
        self._threads = AllThreads()
        #: By player, of those who are held and waited for.
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0

    def has_waiting(self) -> bool:
        """Whether any request is not answered yet."""
        return self._waiting > 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        publisher.attach()
        began = time.perf_counter()
        self._waiting += 1
        try:
            environ = build_environ(scope, await _read_body(scope, receive) if _has_body(scope) else b"")
            threads = self._threads.choose(scope["method"], scope["path"])
            response, start = await self._answer(environ, threads)
        except ClientLeft:
            return
        except Refused as refusal:
            await _refuse(scope, send, refusal, began)
            return
        finally:
            self._waiting -= 1
        await send(start)
        if isinstance(response, bytes):
            await send({"type": "http.response.body", "body": response})
        else:
            await self._stream(threads, response, receive, send)

    async def _answer(self, environ: WSGIEnvironment, threads: Threads) -> WholeOrStream:
        """The whole answer, or a streaming response that is still to be sent."""
        if _is_probe(environ):
            return self._handle(environ)
        arrived_at = time.monotonic()
        fast_path = self._fast_paths.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if fast_path is not None and (answer := await fast_path.answer(environ)) is not PASS_TO_VIEW:
            return answer
        if environ["PATH_INFO"] == UPDATE and compare_and_swap.is_offered():
            response, start = await self._answer_update(environ, threads, arrived_at)
        else:
            response, start = await self._respond_in(threads, environ, arrived_at)
        if fast_path is not None:
            fast_path.learn(environ, start)
        return response, start

    async def _answer_update(self, environ: WSGIEnvironment, threads: Threads, arrived_at: float) -> WholeOrStream:
        """By the view, which says at once where another transaction holds the player: no thread waits for that."""
        context = context_of(WSGIRequest(environ))
        context.may_wait = False
        answer = await self._respond_in(threads, {**environ}, arrived_at)
        if not context.is_held or context.caller is None:
            return answer
        # One of those who wait for a player tries for all of them, or they would take every thread by turns.
        turn = self._turns.setdefault(context.caller.player, asyncio.Lock())
        try:
            async with asyncio.timeout(arrived_at + HELD_SECONDS - time.monotonic()):
                await turn.acquire()
        except TimeoutError:
            raise Unavailable(reason="held") from None
        try:
            return await self._answer_held(environ, context, threads, arrived_at)
        finally:
            turn.release()

    async def _answer_held(
        self, environ: WSGIEnvironment, context: RequestContext, threads: Threads, arrived_at: float
    ) -> WholeOrStream:
        pause = PAUSE_SECONDS
        while time.monotonic() - arrived_at < HELD_SECONDS:
            environ["wsgi.input"].seek(0)
            context.begin_again()
            answer = await self._respond_in(threads, {**environ}, arrived_at)
            if not context.is_held:
                return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise Unavailable(reason="held")

    async def _respond_in(self, threads: Threads, environ: WSGIEnvironment, arrived_at: float) -> WholeOrStream:
        """What Django answers, in a thread of these. Raises Unavailable where none got to it, OutcomeUnknown where one hangs."""
        job: Future[WholeOrStream] = threads.submit(
            self._respond, environ, threads, arrived_at, queued_at=time.monotonic()
        )
        response = asyncio.wrap_future(job)
        path = environ["PATH_INFO"]
        is_bounded = path in LOGINS or (path.startswith("/api/") and not LONG_READS.fullmatch(path))
        left = max(0, arrived_at + ANSWER_SECONDS - time.monotonic())
        done, _ = await asyncio.wait([response], timeout=left if is_bounded else None)
        if done:
            return response.result()
        response.add_done_callback(lambda late: late.cancelled() or late.exception())
        if job.cancel() or environ["REQUEST_METHOD"] in SAFE_METHODS:
            raise Unavailable(reason="queue")
        raise OutcomeUnknown(reason="queue")

    def _respond(
        self, environ: WSGIEnvironment, threads: Threads, arrived_at: float, *, queued_at: float
    ) -> WholeOrStream:
        """In a thread: what Django answers, within what time is left of the request's for the database."""
        now = time.monotonic()
        if now - queued_at > QUEUE_SECONDS:
            raise Unavailable(reason="queue")
        seconds = threads.database_seconds()
        limit = time_limit(None if seconds is None else max(0, seconds - (now - arrived_at)))
        with limit, reading() if is_for_everybody(environ) else nullcontext():
            return self._handle(environ)

    def _handle(self, environ: WSGIEnvironment) -> WholeOrStream:
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


def _is_probe(environ: WSGIEnvironment) -> bool:
    """Whether the answer is at hand: that we live, or what the database's watch has seen."""
    path = environ["PATH_INFO"]
    return path == "/healthz" or (path == "/readyz" and availability.is_watched)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _has_body(scope: Message) -> bool:
    """False for a GET whose head announces no body (RFC 9112, section 6.3)."""
    return scope["method"] != "GET" or any(
        name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]
    )


async def _read_body(scope: Message, receive: Receive) -> bytes:
    """Read the body; what comes after it is known to be too large is not kept.

    Raises PayloadTooLarge, RequestTimeout when it takes longer than BODY_SECONDS, and ClientLeft when it ends before it is
    whole: what was meant by half a request is not for us to say.
    """
    is_short = scope["path"].startswith("/api") and scope["path"] != AWARDS
    limit = API_BODY_BYTES if is_short else LONG_BODY_BYTES
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not length.isdigit() or int(length) > limit:
        raise PayloadTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientLeft
                body += message.get("body", b"")
                if len(body) > limit:
                    raise PayloadTooLarge
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise RequestTimeout from None


def build_environ(scope: Message, body: bytes) -> WSGIEnvironment:
    """The WSGI environment (PEP 3333) of a request."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: WSGIEnvironment = {
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
