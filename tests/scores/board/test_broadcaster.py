"""The standings are read once and encoded once for all, and sent where something moved or nothing was sent for long."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from scores.board import broadcaster
from scores.board.broadcaster import HEARTBEAT_SECONDS, Broadcaster
from scores.board.standings import REUSE_SECONDS, Snapshot
from scores.board.viewers import Frame, Viewer


class Board:
    """What there is to read."""

    def __init__(self) -> None:
        self.etag = "one"
        self.age = 0.0
        self.is_away = False

    def read(self) -> Snapshot:
        if self.is_away:
            raise OperationalError("away")
        return Snapshot("2026-11-24T12:00:00.000000Z", [], f'"{self.etag}"', self.etag, time.monotonic() - self.age)


class Watcher(Viewer):
    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def show(self, frame: Frame) -> None:
        self.frames.append(frame)

    @property
    def events(self) -> list[str]:
        return [json.loads(frame.text)["event"] for frame in self.frames]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board()
    monkeypatch.setattr(broadcaster, "_read", board.read)
    return board


def test_all_viewers_get_the_same_frame_and_only_what_moved(board: Board) -> None:
    shows, watchers = Broadcaster(), [Watcher() for _ in range(3)]
    shows.viewers.update(watchers)

    async def watch() -> None:
        for board.etag in ("one", "one", "two", "two"):
            await shows.refresh()

    asyncio.run(watch())
    assert [frame.text for frame in watchers[0].frames] == [
        '{"event":"scoreboardUpdate","data":"one"}',
        '{"event":"scoreboardUpdate","data":"two"}',
    ]
    for watcher in watchers:
        assert all(mine is first for mine, first in zip(watcher.frames, watchers[0].frames, strict=True))


def test_a_silence_is_broken_by_a_heartbeat_once(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    shows, watcher = Broadcaster(), Watcher()
    shows.viewers.add(watcher)
    now = time.monotonic()

    async def watch() -> None:
        for later in (0, HEARTBEAT_SECONDS - 1, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS + 1):
            # Not the event loop's clock, which reads the same module.
            monkeypatch.setattr(broadcaster, "time", SimpleNamespace(monotonic=lambda later=later: now + later))
            await shows.refresh()

    asyncio.run(watch())
    assert watcher.events == ["scoreboardUpdate", "heartbeat"]
    assert watcher.frames[1].text == '{"event":"heartbeat","data":{"as_of":"2026-11-24T12:00:00.000000Z"}}'


def test_a_database_that_is_away_is_a_sentence_and_an_old_snapshot_is_not_current(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    shows, current = Broadcaster(), []

    async def watch() -> None:
        for board.age in (0, REUSE_SECONDS + 1):
            await shows.refresh()
            current.append(shows.is_current)
        board.is_away = True
        await shows.refresh()

    asyncio.run(watch())
    assert current == [True, False]
    assert [record.getMessage() for record in caplog.records] == ["the standings could not be read: away"]
