"""All who watch the same are a ring: each gets the newest frame in its turn, and a heartbeat where nothing was sent for long."""

import math
from types import SimpleNamespace

import pytest

from scores.board import channel
from scores.board.channel import BATCH, FRAME_SECONDS, HEARTBEAT_SECONDS, Channel, News
from scores.errors import UnknownBoard
from tests.support.clock import MonotonicClock
from tests.support.watching import Watcher

AS_OF = "2026-11-24T12:00:00.000000Z"
HEARTBEAT = f'{{"event":"heartbeat","data":{{"as_of":"{AS_OF}"}}}}'


def news(etag: str) -> News:
    return News(etag, AS_OF, f'{{"event":"scoreboardUpdate","data":"{etag}"}}')


def texts(*etags: str) -> list[str]:
    return [news(etag).text for etag in etags]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MonotonicClock:
    clock = MonotonicClock()
    monkeypatch.setattr(channel, "time", SimpleNamespace(monotonic=clock))
    return clock


def join(shows: Channel, count: int) -> list[Watcher]:
    watchers = [Watcher() for _ in range(count)]
    for watcher in watchers:
        shows.enter(watcher)
    return watchers


def serve_all(shows: Channel) -> None:
    while shows.serve():
        pass


def test_all_viewers_get_the_same_frame_and_only_what_moved(clock: MonotonicClock) -> None:
    shows = Channel()
    watchers = join(shows, 3)
    for etag in ("one", "one", "two", "two"):
        shows.take(news(etag))
        serve_all(shows)
        clock.now += FRAME_SECONDS
    assert watchers[0].texts == texts("one", "two")
    for watcher in watchers:
        assert all(mine is first for mine, first in zip(watcher.frames, watchers[0].frames, strict=True))


def test_a_newer_frame_goes_on_from_where_the_last_one_is(clock: MonotonicClock) -> None:
    shows = Channel()
    watchers = join(shows, 3 * BATCH)
    shows.take(news("one"))
    shows.serve()
    clock.now += FRAME_SECONDS
    shows.take(news("two"))
    serve_all(shows)
    first, *others = [watchers[start : start + BATCH] for start in range(0, 3 * BATCH, BATCH)]
    assert [watcher.texts for watcher in first] == [texts("one", "two")] * BATCH
    for batch in others:
        assert [watcher.texts for watcher in batch] == [texts("two")] * BATCH
    # Whoever waited longest came first: the first batch was the last of this turn, and is so again.
    clock.now += FRAME_SECONDS
    shows.take(news("three"))
    shows.serve()
    assert others[0][0].texts == texts("two", "three")
    assert first[0].texts == texts("one", "two")


def test_with_news_all_the_time_nobody_waits_longer_than_one_turn(clock: MonotonicClock) -> None:
    shows = Channel()
    watchers = join(shows, 10 * BATCH)
    for number in range(100):
        shows.take(news(str(number)))
        assert shows.serve() is True
        clock.now += FRAME_SECONDS / 9
    assert {len(watcher.frames) for watcher in watchers} == {10}


def test_a_viewer_gets_at_most_ten_frames_a_second(clock: MonotonicClock) -> None:
    shows = Channel()
    [watcher] = join(shows, 1)
    waits = []
    for number in range(50):
        shows.take(news(str(number)))
        waits.append(shows.seconds_to_turn())
        serve_all(shows)
        clock.now += 0.26 * FRAME_SECONDS
    assert watcher.texts == texts(*map(str, range(0, 50, 4)))
    assert waits[0] == -math.inf
    assert waits[1:5] == pytest.approx([share * FRAME_SECONDS for share in (0.74, 0.48, 0.22, -0.04)])


def test_a_newcomer_gets_the_newest_at_once_and_not_again(clock: MonotonicClock) -> None:
    shows, early, late = Channel(), Watcher(), Watcher()
    assert shows.enter(early) is False
    shows.take(news("one"))
    assert shows.enter(late) is True
    assert late.texts == texts("one")
    serve_all(shows)
    clock.now += FRAME_SECONDS
    serve_all(shows)
    assert (early.texts, late.texts) == (texts("one"), texts("one"))


def test_a_silence_is_broken_by_a_heartbeat_once(clock: MonotonicClock) -> None:
    shows = Channel()
    [watcher] = join(shows, 1)
    began = clock.now
    shows.take(news("one"))
    for seconds in (0.0, HEARTBEAT_SECONDS - 1, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS + 1):
        clock.now = began + seconds
        serve_all(shows)
    assert watcher.texts == [*texts("one"), HEARTBEAT]
    assert shows.seconds_to_turn() == HEARTBEAT_SECONDS - 1


def test_a_heartbeat_says_when_it_was_looked_last(clock: MonotonicClock) -> None:
    shows = Channel()
    [watcher] = join(shows, 1)
    shows.take(news("one"))
    serve_all(shows)
    clock.now += HEARTBEAT_SECONDS
    shows.take(News("one", "later", "the same"))
    serve_all(shows)
    assert watcher.texts == [*texts("one"), HEARTBEAT.replace(AS_OF, "later")]


def test_before_the_first_frame_there_is_no_heartbeat(clock: MonotonicClock) -> None:
    shows = Channel()
    [watcher] = join(shows, 1)
    clock.now += 2 * HEARTBEAT_SECONDS
    assert shows.serve() is False
    assert shows.seconds_to_turn() == math.inf
    assert watcher.texts == []


def test_who_left_is_passed_over(clock: MonotonicClock) -> None:
    shows = Channel()
    one, two, three = join(shows, 3)
    shows.leave(two)
    shows.leave(two)
    shows.take(news("one"))
    serve_all(shows)
    assert [watcher.texts for watcher in (one, two, three)] == [texts("one"), [], texts("one")]
    assert shows.viewers == 2


def test_who_watches_what_there_is_not_is_refused() -> None:
    shows = Channel()
    watchers = join(shows, 2)
    shows.refuse(UnknownBoard())
    assert [watcher.refusals for watcher in watchers] == [["unknown_board"]] * 2
