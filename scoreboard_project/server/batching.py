"""Questions of many requests, answered together in one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

#: A question that could not be answered yet is asked again after this long, and then after ever longer.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.001, 0.05
#: At most this many waiting subjects are retried in a batch.
MAXIMUM_RETRIED = 8
#: Another writer lets go within milliseconds: the first retries ask for everybody who waits for the subject, as far as the batch has
#: room; later ones only for the first in line.
TRIES_TOGETHER = 3


class Retry(Enum):
    """What is given for a question that cannot be answered yet and has to be asked again."""

    RETRY = auto()


RETRY: Final = Retry.RETRY


@dataclass(frozen=True, eq=False)
class Pending(Generic[Question, Answer]):
    question: Question
    answer: asyncio.Future[Answer]


@dataclass
class Waiting(Generic[Question, Answer]):
    """Those who wait for one subject, first come first: they ask again at `again_at`, and after a few tries only the first of them."""

    line: deque[Pending[Question, Answer]] = field(default_factory=deque)
    tries: int = 0
    pause: float = PAUSE_SECONDS
    again_at: float = 0.0


class Batcher(Generic[Question, Answer]):
    """Answers questions in one thread: those that come while it answers the last ones get their answers together.

    `answer` gives one answer for each question, in order, or `RETRY` for one that has to be asked again; what it raises is
    raised for all. It gets all that wait, or the `max_batch` that came first. What has to be asked again waits apart, by
    `subject`, so that however much waits for one subject it takes no place of anything new.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[list[Question]], Sequence[Answer | Retry]],
        *,
        max_batch: int | None = None,
        subject: Callable[[Question], Hashable] = lambda _: None,
    ) -> None:
        self._answer = answer
        self._max_batch = max_batch
        self._subject = subject
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._new: deque[Pending[Question, Answer]] = deque()
        self._waiting: dict[Hashable, Waiting[Question, Answer]] = {}
        self._news = asyncio.Event()
        self._answering: asyncio.Task[None] | None = None

    def submit(self, question: Question) -> asyncio.Future[Answer]:
        """The answer to come. Whoever does not want it any more cancels it, and what was not asked yet never is."""
        loop = asyncio.get_running_loop()
        pending = Pending[Question, Answer](question, loop.create_future())
        self._new.append(pending)
        if self._answering is None or self._answering.done():
            self._news = asyncio.Event()
            self._answering = loop.create_task(self._answer_all())
        self._news.set()
        return pending.answer

    async def _answer_all(self) -> None:
        while self._new or self._waiting:
            self._news.clear()
            new = self._take_new()
            again = self._take_waiting(room=(self._max_batch or 0) - len(new))
            if new or again:
                await self._answer_some(new, again)
            elif self._waiting:
                again_at = min(waiting.again_at for waiting in self._waiting.values())
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(again_at):
                        await self._news.wait()

    def _take_new(self) -> list[Pending[Question, Answer]]:
        taken: list[Pending[Question, Answer]] = []
        while self._new and (self._max_batch is None or len(taken) < self._max_batch):
            pending = self._new.popleft()
            if not pending.answer.done():
                taken.append(pending)
        return taken

    def _take_waiting(self, *, room: int) -> list[Pending[Question, Answer]]:
        """Who waits for a subject whose time has come; those that were asked about least lately come first."""
        taken: list[Pending[Question, Answer]] = []
        now = asyncio.get_running_loop().time()
        for subject, waiting in list(self._waiting.items()):
            while waiting.line and waiting.line[0].answer.done():
                waiting.line.popleft()
            if not waiting.line:
                del self._waiting[subject]
            elif waiting.again_at <= now and len(taken) < MAXIMUM_RETRIED:
                together = room - len(taken) if waiting.tries <= TRIES_TOGETHER else 1
                taken += [waiting.line.popleft() for _ in range(min(max(1, together), len(waiting.line)))]
                self._waiting[subject] = self._waiting.pop(subject)
        return taken

    async def _answer_some(self, new: list[Pending[Question, Answer]], again: list[Pending[Question, Answer]]) -> None:
        batch = [*new, *again]
        questions = [each.question for each in batch]
        left: set[Pending[Question, Answer]] = set()
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, questions)
        except Exception as error:  # noqa: BLE001 - whoever asked decides what to make of it
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
        else:
            left = _give(batch, answers)
        self._release({self._subject(each.question) for each in batch if each not in left})
        self._keep_apart([each for each in new if each in left], [each for each in again if each in left])

    def _release(self, subjects: set[Hashable]) -> None:
        """Who waited for one that turned out to be free: all of them go together again."""
        for subject in subjects & self._waiting.keys():
            self._new.extend(self._waiting.pop(subject).line)

    def _keep_apart(self, new: list[Pending[Question, Answer]], again: list[Pending[Question, Answer]]) -> None:
        for each in new:
            self._waiting.setdefault(self._subject(each.question), Waiting()).line.append(each)
        for each in reversed(again):
            self._waiting.setdefault(self._subject(each.question), Waiting()).line.appendleft(each)
        now = asyncio.get_running_loop().time()
        for subject in {self._subject(each.question) for each in (*new, *again)}:
            waiting = self._waiting[subject]
            waiting.tries += 1
            waiting.again_at = now + waiting.pause
            waiting.pause = min(2 * waiting.pause, LONGEST_PAUSE_SECONDS)


def _give(
    batch: Sequence[Pending[Question, Answer]], answers: Sequence[Answer | Retry]
) -> set[Pending[Question, Answer]]:
    """Hand over the answers there are, refusals like all others; those without one."""
    left = set()
    for each, answer in zip(batch, answers, strict=True):
        if answer is RETRY:
            left.add(each)
        elif not each.answer.done():
            each.answer.set_result(answer)
    return left
