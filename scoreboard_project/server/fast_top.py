"""GET /api/score/top for all who ask at the same moment: they share one read of the database and one count of each address.

In front of Django, which costs ten times as much for each request, and no staler: whoever asks gets a read that began after
the question. Only what is plainly in order is answered here, and refused where a limit is reached. Anything else (another method,
a query, a database that is away) is passed on to the view, whose answers are also where the headers are learned.
"""

import asyncio
import logging
import time
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, InterfaceError, close_old_connections

from scoreboard_project.server.asgi_types import Headers, Message
from scoreboard_project.server.batching import Batcher
from scoreboard_project.server.fast_path import PASS_TO_VIEW, LearnedHeaders, PassToView, Response, is_admissible
from scoreboard_project.server.fast_refusal import refuse
from scoreboard_project.server.routes import TOP
from scores import metrics
from scores.board.standings import Snapshot, read_snapshot
from scores.database.availability import read_limit
from scores.database.replica import reading
from scores.errors import RateLimited
from scores.http.context import context_of
from scores.http.counting import Usage
from scores.http.limits import AddressReadLimit, AddressUnchangedLimit, address_subject, describe_limits

logger = logging.getLogger(__name__)

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
    """The `FastPath` of GET top."""

    method, path = "GET", TOP

    def __init__(self) -> None:
        self._headers = LearnedHeaders(b"etag", b"age")
        self._batcher = Batcher("top", _look)

    async def answer(self, environ: WSGIEnvironment) -> Response | PassToView:
        began = time.perf_counter()
        request = _read_request(environ)
        headers = self._headers.get(secure=request.is_secure()) if request is not None else None
        if request is None or headers is None:
            return PASS_TO_VIEW
        try:
            question = Question(address_subject(request), request.META.get("HTTP_IF_NONE_MATCH", ""))
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._batcher.submit(question)
        except Exception as error:
            metrics.FAST_PATH_FAILURES.labels(TOP[1:]).inc()
            is_of_the_database = isinstance(error, TimeoutError | DatabaseError | InterfaceError)
            logger.warning("GET top is left to the view: %r", error, exc_info=not is_of_the_database)
            return PASS_TO_VIEW
        if answer.usage is not None and answer.usage.is_exceeded:
            refusal = RateLimited(retry_after=answer.usage.seconds_left)
            return refuse(request, refusal, usage=answer.usage, learned=headers, began=began)
        metrics.REQUESTS.labels(TOP[1:], "3xx" if answer.is_known else "2xx").observe(time.perf_counter() - began)
        return _shape(request, answer, headers)

    def learn(self, environ: WSGIEnvironment, start: Message) -> None:
        request = _read_request(environ)
        if request is not None and self._headers.get(secure=request.is_secure()) is None:
            self._headers.learn(start, secure=request.is_secure())


def _read_request(environ: WSGIEnvironment) -> WSGIRequest | None:
    """The request as Django reads it, if it is one that gets the top 10: without a query, and without a body."""
    if environ["QUERY_STRING"] or environ["CONTENT_LENGTH"] != "0":
        return None
    request = WSGIRequest(environ)
    return request if is_admissible(request) else None


def _look(questions: list[Question]) -> list[Answer]:
    """In the thread: one answer for each, in order."""
    with read_limit(), reading():
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


def _shape(request: WSGIRequest, answer: Answer, learned: Headers) -> Response:
    snapshot = answer.snapshot
    known = answer.is_known
    body = b"" if known else snapshot.body.encode()
    limits = describe_limits([answer.usage] if answer.usage else [])
    own = [
        (b"etag", snapshot.etag.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", context_of(request).request_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in (limits | snapshot.describe_age()).items()),
    ]
    headers = [pair for pair in (*learned, *own) if not (known and pair[0] in BODY_HEADERS)]
    return body, {"type": "http.response.start", "status": 304 if known else 200, "headers": headers}
