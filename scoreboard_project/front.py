"""What is answered in front of Django: when it may be, for many at once in one thread, and with the headers the views send."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Headers = list[tuple[bytes, bytes]]

Question = TypeVar("Question")
Answer = TypeVar("Answer")

#: Where none of the questions could be answered yet, they are asked again after this long, and then after ever longer.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.001, 0.05


class Unanswered(Enum):
    YET = "yet"


class Together(Generic[Question, Answer]):
    """Answers questions in one thread: those that come while it answers the last ones get their answers together.

    `answer` gives one answer for each question, in order; for one that has to be asked again, `Unanswered.YET`. It gets as
    many as there are, or at most `most`, those that came first first.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[list[Question]], Sequence[Answer | Literal[Unanswered.YET]]],
        *,
        most: int | None = None,
    ) -> None:
        self._answer = answer
        self._most = most
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._asked: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def ask(self, question: Question, *, patience: float) -> Answer:
        """The answer; raises TimeoutError after so many seconds, and what the answering raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._asked.append((question, answer))
        if self._answering is None or self._answering.done():
            self._answering = loop.create_task(self._answer_all())
        async with asyncio.timeout(patience):
            return await answer

    async def _answer_all(self) -> None:
        pause = PAUSE_SECONDS
        while self._asked:
            now = self._asked[: self._most]
            self._asked = self._asked[len(now) :]
            left = await self._answer_some(now)
            # Who gave up waiting is not asked for again.
            self._asked = [each for each in left + self._asked if not each[1].done()]
            if len(left) < len(now):
                pause = PAUSE_SECONDS
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _answer_some(
        self, asked: list[tuple[Question, asyncio.Future[Answer]]]
    ) -> list[tuple[Question, asyncio.Future[Answer]]]:
        """Those that are still unanswered."""
        questions = [question for question, _ in asked]
        left: list[tuple[Question, asyncio.Future[Answer]]] = []
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, questions)
        except Exception as error:  # noqa: BLE001 - whoever asked decides what to make of it
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
            return left
        for (question, future), answer in zip(asked, answers, strict=True):
            if answer is Unanswered.YET:
                left.append((question, future))
            elif not future.done():
                future.set_result(answer)
        return left


class LearnedHeaders:
    """What the view of a route says with every 200, by whether it came over HTTPS; `own` differs from answer to answer."""

    def __init__(self, *own: bytes) -> None:
        self._own = {*own, b"content-length", b"ratelimit", b"ratelimit-policy", b"x-request-id"}
        self._headers: dict[bool, Headers] = {}

    def get(self, *, secure: bool) -> Headers | None:
        return self._headers.get(secure)

    def learn(self, start: Message, *, secure: bool) -> None:
        if start["status"] != 200:
            return
        headers = [pair for pair in start["headers"] if pair[0] not in self._own]
        if not any(name == b"set-cookie" for name, _ in headers):
            self._headers[secure] = headers


def is_admissible(request: HttpRequest) -> bool:
    """Whether Django would let it through to a view: a Host of ours, over HTTPS where that is asked for."""
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return request.is_secure() or not settings.SECURE_SSL_REDIRECT
