"""Questions that are answered together, and those that wait for somebody apart from the others."""

import asyncio
from collections.abc import Callable

import pytest

from scoreboard_project.server.batching import MAXIMUM_RETRIED, RETRY, Batcher
from scoreboard_project.server.fast_update import WriteGuard
from scores.errors import PlayerFrozen

pytestmark = pytest.mark.any_database


class Answerer:
    """Answers every question with itself in capitals, but for those whose first letter has to wait; notes what came together."""

    def __init__(self) -> None:
        self.locked: set[str] = set()
        self.rounds: list[list[str]] = []

    def __call__(self, questions: list[str]) -> list[object]:
        self.rounds.append(questions)
        return [RETRY if question[0] in self.locked else question.upper() for question in questions]


def make_batcher(answerer: Answerer, max_batch: int | None = None) -> Batcher[str, object]:
    return Batcher("test", answerer, max_batch=max_batch, subject=lambda question: question[0])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def test_what_has_to_wait_comes_once_a_round_and_takes_no_place_of_what_is_new() -> None:
    answerer = Answerer()
    answerer.locked = {"a", "b"}

    async def ask() -> None:
        questions = make_batcher(answerer, max_batch=4)
        waiting = [questions.submit(f"{name}{number}") for number in range(10) for name in "ab"]
        await until(lambda: len(answerer.rounds) > 20)
        seen = len(answerer.rounds)
        new = [questions.submit(f"{name}1") for name in "cdefgh"]
        assert await asyncio.gather(*new) == ["C1", "D1", "E1", "F1", "G1", "H1"]
        # Four new ones fit into a round, whatever else is in it.
        rounds = [asked for asked in answerer.rounds[seen:] if any(question[0] not in "ab" for question in asked)]
        assert [[question[0] for question in asked if question[0] not in "ab"] for asked in rounds] == [
            list("cdef"),
            list("gh"),
        ]
        again = answerer.rounds[5:]
        assert all(sum(question[0] == name for question in asked) <= 1 for asked in again for name in "ab")
        assert not any(answer.done() for answer in waiting)
        answerer.locked.clear()
        assert await asyncio.gather(*waiting) == [f"{name}{number}" for number in range(10) for name in "AB"]

    asyncio.run(ask())


def test_of_many_who_wait_a_few_are_asked_about_in_turn() -> None:
    answerer = Answerer()
    names = [chr(ord("a") + number) for number in range(3 * MAXIMUM_RETRIED // 2)]
    answerer.locked = set(names)

    async def ask() -> None:
        questions = make_batcher(answerer)
        waiting = [questions.submit(name) for name in names]
        await until(lambda: len({question for asked in answerer.rounds[1:] for question in asked}) == len(names))
        assert max(len(asked) for asked in answerer.rounds[1:]) <= MAXIMUM_RETRIED
        answerer.locked.clear()
        assert await asyncio.gather(*waiting) == [name.upper() for name in names]

    asyncio.run(ask())


def test_who_gave_up_is_not_asked_about_any_more() -> None:
    answerer = Answerer()
    answerer.locked = {"a"}

    async def ask() -> None:
        questions = make_batcher(answerer)
        waiting, other = questions.submit("a1"), questions.submit("a2")
        await until(lambda: len(answerer.rounds) > 2)
        waiting.cancel()
        seen = len(answerer.rounds) + 1
        await until(lambda: len(answerer.rounds) > seen + 2)
        assert {question for asked in answerer.rounds[seen:] for question in asked} == {"a2"}
        other.cancel()

    asyncio.run(ask())


def test_an_error_is_told_to_all_who_asked_and_to_nobody_later() -> None:
    def fail(questions: list[str]) -> list[str]:
        if "bad" in questions:
            raise ValueError
        return questions

    async def ask() -> None:
        questions = Batcher[str, str]("test", fail)
        answers = [questions.submit("bad"), questions.submit("good")]
        assert [type(error) for error in await asyncio.gather(*answers, return_exceptions=True)] == [ValueError] * 2
        assert await questions.submit("good") == "good"

    asyncio.run(ask())


def test_a_refusal_is_an_answer_like_others_and_no_error() -> None:
    refusal = PlayerFrozen()

    async def ask() -> None:
        assert (
            await Batcher[str, object]("test", lambda questions: [refusal] * len(questions)).submit("may I?") is refusal
        )

    asyncio.run(ask())


@pytest.mark.parametrize("tries", [0, 1, 2])
def test_what_is_withdrawn_before_its_writing_begins_is_never_written(tries: int) -> None:
    guard = WriteGuard()
    for _ in range(tries):
        assert (guard.begin(), guard.end()) == (True, True)
    assert guard.withdraw()
    assert (guard.begin(), guard.is_writing) == (False, False)


def test_what_is_being_written_cannot_be_withdrawn_but_is_not_begun_again() -> None:
    guard = WriteGuard()
    assert guard.begin()
    assert (guard.withdraw(), guard.is_writing) == (False, True)
    assert (guard.end(), guard.begin()) == (False, False)
