"""GET /api/score/top for all who ask at the same moment: they share one read of the database and one count of each address.

In front of Django, which costs ten times as much for each request, and no staler: whoever asks gets a read that began after
the question. Only what is plainly in order is answered here, and refused where a limit is reached. Anything else (another method,
a query, a database that is away) is passed on to the view, whose answers are also where the headers are learned.
"""

import asyncio
import time
from typing import Any, NamedTuple

from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections

from scoreboard_project.server.asgi_types import Headers, Message, Receive, Send
from scoreboard_project.server.batching import Batcher, LearnedHeaders, is_admissible
from scoreboard_project.server.fast_refusal import refuse
from scoreboard_project.server.wsgi_bridge import build_environ
from scores import metrics
from scores.board.standings import Snapshot, read_snapshot
from scores.database.availability import read_limit
from scores.errors import RateLimited
from scores.http.limits import AddressReadLimit, AddressUnchangedLimit, Usage, address_subject, describe_limits
from scores.http.middleware import choose_request_id, client_address

PATH = "/api/score/top"
#: With a database that answers nothing, the view gets the rest of the 5 s that a client waits at most.
TIMEOUT_SECONDS = 1.5
BODY_HEADERS = {b"content-type", b"content-length"}


class Question(NamedTuple):
    subject: str
    if_none_match: str


class Answer(NamedTuple):
    snapshot: Snapshot
    is_known: bool
    usage: Usage | None


class TopFastPath:
    """The ASGI application for this one route, in front of the one for all."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._headers = LearnedHeaders(b"etag", b"age")
        self._batcher = Batcher("top", _look)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = _read_request(scope)
        if request is None:
            await self._application(scope, receive, send)
            return
        headers = self._headers.get(secure=request.is_secure())
        if headers is None:
            await self._application(scope, receive, self._learn(request, send))
            return
        request.META["CLIENT_ADDRESS"] = client_address(request)
        try:
            question = Question(address_subject(request), request.META.get("HTTP_IF_NONE_MATCH", ""))
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._batcher.submit(question)
        except Exception:  # noqa: BLE001 - the view will meet it too, and say so
            answer = None
        if answer is None:
            await self._application(scope, receive, send)
            return
        if answer.usage is not None and answer.usage.is_exceeded:
            await _send_refusal(request, answer.usage, headers, began, send)
            return
        await _send_answer(request, answer, headers, send)
        metrics.REQUESTS.labels(PATH[1:], "3xx" if answer.is_known else "2xx").observe(time.perf_counter() - began)

    def _learn(self, request: WSGIRequest, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._headers.learn(message, secure=request.is_secure())
            await send(message)

        return note


def _read_request(scope: Message) -> WSGIRequest | None:
    """The request as Django reads it, if it is one that gets the top 10."""
    if scope["path"] != PATH or scope["method"] != "GET" or scope["query_string"]:
        return None
    if any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]):
        return None
    request = WSGIRequest(build_environ(scope, b""))
    return request if is_admissible(request) else None


def _look(questions: list[Question]) -> list[Answer]:
    """In the thread: one answer for each, in order."""
    with read_limit():
        close_old_connections()
        snapshot = read_snapshot()
    known = [snapshot.is_known(question.if_none_match) for question in questions]
    usages = {
        is_known: iter(
            limit.count([question.subject for question, each in zip(questions, known, strict=True) if each == is_known])
        )
        for is_known, limit in ((True, AddressUnchangedLimit), (False, AddressReadLimit))
    }
    return [Answer(snapshot, is_known, next(usages[is_known])) for is_known in known]


async def _send_refusal(request: WSGIRequest, usage: Usage, learned: Headers, began: float, send: Send) -> None:
    refusal = RateLimited(retry_after=usage.seconds)
    body, start = refuse(request, refusal, usage=usage, learned=learned, began=began)
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def _send_answer(request: WSGIRequest, answer: Answer, learned: Headers, send: Send) -> None:
    snapshot = answer.snapshot
    known = answer.is_known
    body = b"" if known else snapshot.body.encode()
    limits = describe_limits([answer.usage] if answer.usage else [])
    own = [
        (b"etag", snapshot.etag.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", choose_request_id(request.META.get("HTTP_X_REQUEST_ID", "")).encode()),
        *((name.lower().encode(), value.encode()) for name, value in (limits | snapshot.describe_age()).items()),
    ]
    headers = [pair for pair in (*learned, *own) if not (known and pair[0] in BODY_HEADERS)]
    await send({"type": "http.response.start", "status": 304 if known else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
