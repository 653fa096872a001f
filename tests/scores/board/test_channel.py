"""All who watch the same get the same bytes: what moved, and a heartbeat where nothing was sent for long."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from scores.board import channel
from scores.board.channel import HEARTBEAT_SECONDS, Channel, News
from scores.errors import UnknownBoard
from tests.support.watching import Watcher

AS_OF = "2026-11-24T12:00:00.000000Z"


def news(etag: str) -> News:
    return News(etag, AS_OF, f'{{"event":"scoreboardUpdate","data":"{etag}"}}')


def test_all_viewers_get_the_same_frame_and_only_what_moved() -> None:
    shows, watchers = Channel(), [Watcher() for _ in range(3)]
    shows.viewers.update(watchers)

    async def watch() -> None:
        for etag in ("one", "one", "two", "two"):
            await shows.show(news(etag))

    asyncio.run(watch())
    assert watchers[0].texts == [news("one").text, news("two").text]
    for watcher in watchers:
        assert all(mine is first for mine, first in zip(watcher.frames, watchers[0].frames, strict=True))


@pytest.mark.parametrize("is_read", [True, False], ids=["read and the same", "not read"])
def test_a_silence_is_broken_by_a_heartbeat_once(is_read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shows, watcher = Channel(), Watcher()
    shows.viewers.add(watcher)
    now = time.monotonic()

    async def watch() -> None:
        for later in (0, HEARTBEAT_SECONDS - 1, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS + 1):
            # Not the event loop's clock, which reads the same module.
            monkeypatch.setattr(channel, "time", SimpleNamespace(monotonic=lambda later=later: now + later))
            await (shows.show(news("one")) if is_read or later == 0 else shows.beat())

    asyncio.run(watch())
    assert watcher.texts == [news("one").text, f'{{"event":"heartbeat","data":{{"as_of":"{AS_OF}"}}}}']


def test_before_the_first_frame_there_is_no_heartbeat() -> None:
    shows, watcher = Channel(), Watcher()
    shows.viewers.add(watcher)
    asyncio.run(shows.beat())
    assert watcher.texts == []


def test_who_watches_what_there_is_not_is_refused() -> None:
    shows, watchers = Channel(), [Watcher(), Watcher()]
    shows.viewers.update(watchers)
    shows.refuse(UnknownBoard())
    assert [watcher.refusals for watcher in watchers] == [["unknown_board"]] * 2
