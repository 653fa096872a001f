"""What is watched is looked at together, and each viewer gets what it watches and nothing else."""

import asyncio
import math
import time
from collections.abc import Callable, Collection

import pytest
from django.db import OperationalError

from scores.board.broadcaster import MAXIMUM_WATCHED, Broadcaster
from scores.board.channel import BATCH, FRAME_SECONDS, News
from scores.board.look import Look, Watched
from scores.board.viewers import Frame
from scores.errors import TooManyWatched, UnknownPeriod
from tests.support.watching import Watcher

DAILY, YESTERDAY, CHESS = ("daily", "current"), ("daily", "2026-11-26"), ("chess", "current")


class Boards:
    """What there is to see, and what was looked at."""

    def __init__(self) -> None:
        self.etags: dict[Watched, str] = {}
        self.looked_at: list[list[Watched]] = []
        self.is_away = False
        self.is_current = True
        self.changes_at: float | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def look_at(self, watched: Collection[Watched], look: Look) -> None:
        self.looked_at.append(list(watched))
        self.meanwhile()
        look.news = {key: News(self.etags[key], "now", self.etags[key]) for key in watched if key in self.etags}
        if self.is_away:
            raise OperationalError("away")
        look.refused = {key: UnknownPeriod() for key in watched if key not in self.etags}
        look.is_current, look.changes_at = self.is_current, self.changes_at


async def look_and_show(shows: Broadcaster) -> None:
    await shows.refresh()
    await shows.serve_all()


@pytest.fixture
def boards() -> Boards:
    return Boards()


def test_each_gets_what_it_watches_and_only_what_moved(boards: Boards) -> None:
    shows, watchers = Broadcaster(boards.look_at), {key: Watcher() for key in (None, DAILY, YESTERDAY)}
    boards.etags = {None: "all time", DAILY: "today", YESTERDAY: "yesterday"}
    for key, watcher in watchers.items():
        assert shows.enter(watcher, key) is False

    async def watch() -> None:
        await look_and_show(shows)
        boards.etags[DAILY] = "today moved"
        await asyncio.sleep(FRAME_SECONDS)
        await look_and_show(shows)

    asyncio.run(watch())
    assert {key: watcher.texts for key, watcher in watchers.items()} == {
        None: ["all time"], DAILY: ["today", "today moved"], YESTERDAY: ["yesterday"],
    }  # fmt: skip
    assert boards.looked_at == [[None, DAILY, YESTERDAY]] * 2
    assert shows.viewers == 3


def test_who_comes_later_is_shown_the_last_frame_and_what_nobody_watched_is_read_anew(boards: Boards) -> None:
    shows, first, second, third = Broadcaster(boards.look_at), Watcher(), Watcher(), Watcher()
    boards.etags = {DAILY: "today"}
    shows.enter(first, DAILY)
    asyncio.run(look_and_show(shows))
    assert shows.enter(second, DAILY) is True
    assert second.frames == first.frames
    shows.leave(first, DAILY)
    assert shows.viewers == 1
    shows.leave(second, DAILY)
    assert shows.viewers == 0
    assert shows.enter(third, DAILY) is False
    assert third.frames == []
    asyncio.run(look_and_show(shows))
    assert third.texts == ["today"]


def test_what_nobody_watches_is_not_looked_at(boards: Boards) -> None:
    shows, watcher = Broadcaster(boards.look_at), Watcher()
    boards.etags = {None: "all time", DAILY: "today"}
    shows.enter(watcher, None)
    shows.enter(Watcher(), DAILY)
    shows.leave(watcher, None)
    asyncio.run(look_and_show(shows))
    assert boards.looked_at == [[DAILY]]
    assert watcher.frames == []


def test_who_watches_what_there_is_not_any_more_is_refused_and_its_place_is_free(boards: Boards) -> None:
    shows, watcher, other = Broadcaster(boards.look_at), Watcher(), Watcher()
    boards.etags = {DAILY: "today", CHESS: "chess"}
    shows.enter(watcher, DAILY)
    shows.enter(other, CHESS)

    async def watch() -> None:
        await look_and_show(shows)
        del boards.etags[DAILY]
        await look_and_show(shows)
        await look_and_show(shows)

    asyncio.run(watch())
    assert (watcher.texts, watcher.refusals) == (["today"], ["unknown_period"])
    assert (other.texts, other.refusals) == (["chess"], [])
    assert boards.looked_at[-1] == [CHESS]
    # It leaves when its socket is closed.
    shows.leave(watcher, DAILY)
    assert shows.viewers == 1


def test_who_comes_during_a_look_waits_for_the_next(boards: Boards) -> None:
    shows, watcher, late = Broadcaster(boards.look_at), Watcher(), Watcher()
    boards.etags = {DAILY: "today", CHESS: "chess"}
    shows.enter(watcher, DAILY)
    boards.meanwhile = lambda: shows.enter(late, CHESS)
    asyncio.run(look_and_show(shows))
    assert (late.frames, late.refusals) == ([], [])
    boards.meanwhile = lambda: None
    asyncio.run(look_and_show(shows))
    assert late.texts == ["chess"]


def test_so_many_boards_are_watched_and_the_next_is_refused_until_one_is_left(boards: Boards) -> None:
    shows, first, late = Broadcaster(boards.look_at), Watcher(), Watcher()
    shows.enter(first, ("daily", "0"))
    for number in range(1, MAXIMUM_WATCHED):
        shows.enter(Watcher(), ("daily", str(number)))
    shows.enter(Watcher(), None)
    shows.enter(Watcher(), ("daily", "0"))
    with pytest.raises(TooManyWatched):
        shows.enter(late, DAILY)
    assert shows.viewers == MAXIMUM_WATCHED + 2
    shows.leave(late, DAILY)
    shows.leave(first, ("daily", "0"))
    with pytest.raises(TooManyWatched):
        shows.enter(late, DAILY)
    shows.leave(Watcher(), ("daily", "1"))
    with pytest.raises(TooManyWatched):
        shows.enter(late, DAILY)


def test_a_board_that_nobody_watches_any_more_makes_room(boards: Boards) -> None:
    shows, first, late = Broadcaster(boards.look_at), Watcher(), Watcher()
    shows.enter(first, ("daily", "0"))
    for number in range(1, MAXIMUM_WATCHED):
        shows.enter(Watcher(), ("daily", str(number)))
    shows.leave(first, ("daily", "0"))
    assert shows.enter(late, DAILY) is False
    assert shows.viewers == MAXIMUM_WATCHED


def test_a_database_that_is_away_is_a_sentence_and_refuses_nobody(
    boards: Boards, caplog: pytest.LogCaptureFixture
) -> None:
    shows, watcher, other = Broadcaster(boards.look_at), Watcher(), Watcher()
    shows.enter(watcher, None)
    shows.enter(other, DAILY)
    boards.is_away, boards.etags = True, {None: "the last there was"}
    asyncio.run(look_and_show(shows))
    assert shows.is_current is False
    assert (watcher.texts, watcher.refusals) == (["the last there was"], [])
    assert (other.texts, other.refusals) == ([], [])
    assert [record.getMessage() for record in caplog.records] == ["the standings could not be read: away"]


def test_what_is_shown_is_current_where_all_that_was_found_is(boards: Boards) -> None:
    shows, current = Broadcaster(boards.look_at), []
    for boards.is_current in (True, False, True):
        asyncio.run(look_and_show(shows))
        current.append(shows.is_current)
    assert current == [True, False, True]


def test_the_next_change_is_as_far_away_as_the_last_look_said(boards: Boards) -> None:
    shows = Broadcaster(boards.look_at)
    seconds = [shows.seconds_to_change]
    for boards.changes_at in (time.monotonic() + 60, time.monotonic() - 1, None):
        asyncio.run(look_and_show(shows))
        seconds.append(shows.seconds_to_change)
    assert seconds == [math.inf, pytest.approx(60, abs=5), 0, math.inf]


def test_what_is_found_is_handed_round_until_there_is_no_more(boards: Boards) -> None:
    shows, watchers = Broadcaster(boards.look_at), [Watcher() for _ in range(3 * BATCH)]
    boards.etags = {None: "one"}
    for watcher in watchers:
        shows.enter(watcher, None)

    async def watch() -> None:
        handing = asyncio.create_task(shows.hand_round())
        for etag in ("one", "two", "three"):
            boards.etags = {None: etag}
            await shows.refresh()
            await asyncio.sleep(2 * FRAME_SECONDS)
        handing.cancel()

    asyncio.run(watch())
    assert {tuple(watcher.texts) for watcher in watchers} == {("one", "two", "three")}


def test_a_second_frame_waits_its_tenth_of_a_second_without_another_look(boards: Boards) -> None:
    shows, watcher = Broadcaster(boards.look_at), Watcher()
    shows.enter(watcher, None)

    async def watch() -> float:
        handing = asyncio.create_task(shows.hand_round())
        for etag in ("one", "two"):
            boards.etags = {None: etag}
            await shows.refresh()
            await asyncio.sleep(0)
        began = time.monotonic()
        while len(watcher.texts) < 2:
            await asyncio.sleep(0.001)
        handing.cancel()
        return time.monotonic() - began

    assert FRAME_SECONDS / 2 < asyncio.run(watch()) < 10 * FRAME_SECONDS
    assert watcher.texts == ["one", "two"]


@pytest.mark.parametrize("waits", [True, False], ids=["a request waits", "nobody waits"])
def test_requests_that_wait_go_first_and_only_they(boards: Boards, waits: bool) -> None:
    """Whoever is shown a frame works for 20 ms; the event loop is let go for as long where somebody waits."""

    class Busy(Watcher):
        def show(self, frame: Frame) -> None:
            super().show(frame)
            time.sleep(0.02)

    shows = Broadcaster(boards.look_at, must_give_way=lambda: waits)
    keys: list[Watched] = [None, DAILY, YESTERDAY, CHESS]
    boards.etags = dict.fromkeys(keys, "one")
    for key in keys:
        shows.enter(Busy(), key)

    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    async def watch() -> None:
        await shows.refresh()
        counting = asyncio.create_task(count_turns())
        await shows.serve_all()
        counting.cancel()

    asyncio.run(watch())
    # Four pauses of 20 ms, or none: then others get a turn between two channels, and no more.
    assert (turns > 10) is waits
