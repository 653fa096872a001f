"""GET /api/score/top for all who ask at the same moment: they share one read of the database and one count of each address.

In front of Django, which costs ten times as much for each request, and no staler: whoever asks gets a read that began after
the question. Only what is plainly in order is answered here. Anything else (another method, a query, a limit reached, a
database that is away) is passed on to the view, whose answers are also where the headers are learned.
"""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections

from scoreboard_project.bridge import Message, Receive, Send, make_environ
from scores import metrics
from scores.api.limits import AddressReadLimit, describe_limits
from scores.api.middleware import choose_request_id, client_address
from scores.standings import Snapshot, read_snapshot

PATH = "/api/score/top"
#: With a database that answers nothing, the view gets the rest of the 5 s that a client waits at most.
PATIENCE_SECONDS = 1.5
#: What differs from answer to answer; all else the view would say again.
OWN_HEADERS = {b"etag", b"content-length", b"ratelimit", b"ratelimit-policy", b"x-request-id"}
BODY_HEADERS = {b"content-type"}

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    snapshot: Snapshot
    limits: dict[str, str]


class Top:
    """The ASGI application for this one route, in front of the one for all."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._headers: dict[bool, Headers] = {}
        self._asked: list[tuple[str, asyncio.Future[Answer | None]]] = []
        self._answering: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="top")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = _read_request(scope)
        if request is None:
            await self._application(scope, receive, send)
            return
        secure = bool(request.is_secure())
        if secure not in self._headers:
            await self._application(scope, receive, self._learn(secure, send))
            return
        answer = await self._ask(client_address(request))
        if answer is None:
            await self._application(scope, receive, send)
            return
        await _send_answer(request, answer, self._headers[secure], send)
        metrics.REQUESTS.labels(PATH[1:], "2xx").observe(time.perf_counter() - began)

    def _learn(self, secure: bool, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = [pair for pair in message["headers"] if pair[0] not in OWN_HEADERS]
                if not any(name == b"set-cookie" for name, _ in headers):
                    self._headers[secure] = headers
            await send(message)

        return note

    async def _ask(self, address: str) -> Answer | None:
        """The answer for one who asks from this address; None where the view has to say what is wrong."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer | None] = loop.create_future()
        self._asked.append((address, answer))
        if self._answering is None:
            self._answering = loop.create_task(self._answer())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await answer
        except TimeoutError:
            return None

    async def _answer(self) -> None:
        """Those who came while the last ones were answered get the next look together."""
        loop = asyncio.get_running_loop()
        while self._asked:
            asked, self._asked = self._asked, []
            addresses = [address for address, _ in asked]
            answers: list[Answer | None]
            try:
                answers = await loop.run_in_executor(self._thread, _look, addresses)
            except Exception:  # noqa: BLE001 - the view will meet it too, and say so
                answers = [None] * len(asked)
            for (_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
        self._answering = None


def _read_request(scope: Message) -> WSGIRequest | None:
    """The request as Django reads it, if it is one that gets the top 10."""
    if scope["path"] != PATH or scope["method"] != "GET" or scope["query_string"]:
        return None
    if any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]):
        return None
    request = WSGIRequest(make_environ(scope, b""))
    try:
        request.get_host()
    except DisallowedHost:
        return None
    return None if settings.SECURE_SSL_REDIRECT and not request.is_secure() else request


def _look(addresses: list[str]) -> list[Answer | None]:
    """In the thread: one answer for each, in order; None for those above their limit."""
    close_old_connections()
    snapshot = read_snapshot()
    usages = {address: AddressReadLimit.count(address, times) for address, times in Counter(addresses).items()}
    ahead = Counter(addresses)
    answers: list[Answer | None] = []
    for address in addresses:
        usage = usages[address]
        ahead[address] -= 1
        if usage is None:
            answers.append(Answer(snapshot, {}))
            continue
        usage = usage._replace(used=usage.used - ahead[address])
        answers.append(Answer(snapshot, describe_limits([usage])) if usage.used <= usage.quota else None)
    return answers


async def _send_answer(request: WSGIRequest, answer: Answer, learned: Headers, send: Send) -> None:
    snapshot = answer.snapshot
    known = snapshot.is_known(request.META.get("HTTP_IF_NONE_MATCH", ""))
    body = b"" if known else snapshot.body.encode()
    own = [
        (b"etag", snapshot.etag.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", choose_request_id(request.META.get("HTTP_X_REQUEST_ID", "")).encode()),
        *((name.lower().encode(), value.encode()) for name, value in answer.limits.items()),
    ]
    same = [pair for pair in learned if pair[0] not in BODY_HEADERS] if known else learned
    await send({"type": "http.response.start", "status": 304 if known else 200, "headers": [*same, *own]})
    await send({"type": "http.response.body", "body": body})
