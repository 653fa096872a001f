"""An announcement reaches every process, soon and seldom, and never troubles whoever made it."""

import asyncio
import time

import pytest

from scores import announcements
from scores.announcements import ANNOUNCE_SECONDS, GROUP, Publisher


class RecordingLayer:
    """A channel layer that keeps what it is told, or is out of reach."""

    def __init__(self) -> None:
        self.pings: list[tuple[str, dict[str, str]]] = []
        self.is_away = False

    async def group_send(self, group: str, message: dict[str, str]) -> None:
        if self.is_away:
            raise ConnectionError("away")
        self.pings.append((group, message))


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> RecordingLayer:
    layer = RecordingLayer()
    monkeypatch.setattr(announcements, "get_channel_layer", lambda: layer)
    return layer


def test_a_command_has_pinged_when_it_goes_on(layer: RecordingLayer) -> None:
    publisher = Publisher()
    publisher.announce()
    publisher.announce()
    assert layer.pings == [(GROUP, {"type": "standings.changed"})] * 2


def test_what_a_server_announces_at_once_is_one_ping_or_two(layer: RecordingLayer) -> None:
    publisher, told = Publisher(), []

    def announce_often() -> None:
        for _ in range(1000):
            publisher.announce()

    async def serve() -> None:
        publisher.subscribe(lambda: told.append(len(layer.pings)))
        # Held up, so that however slow the machine is nothing is published before the last announcement.
        announce_often()
        await asyncio.sleep(3 * ANNOUNCE_SECONDS)
        assert told == [0], "our own feed learns of it before the others"
        await asyncio.to_thread(announce_often)
        await asyncio.sleep(3 * ANNOUNCE_SECONDS)

    began = time.monotonic()
    asyncio.run(serve())
    assert 2 <= len(layer.pings) == len(told) <= 2 + (time.monotonic() - began) / ANNOUNCE_SECONDS
    assert set(told) == set(range(len(told)))


def test_a_new_event_loop_takes_over(layer: RecordingLayer) -> None:
    publisher, told = Publisher(), []

    async def serve(name: str) -> None:
        publisher.subscribe(lambda: told.append(name))
        publisher.announce()
        await asyncio.sleep(ANNOUNCE_SECONDS / 2)

    asyncio.run(serve("one"))
    publisher.announce()  # the server is gone: as from a command
    asyncio.run(serve("other"))
    assert told == ["one", "other"]
    assert len(layer.pings) == 3


def test_a_layer_that_is_away_is_one_sentence_each_time(
    layer: RecordingLayer, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher()
    for is_away in (True, True, False, True):
        layer.is_away = is_away
        publisher.announce()
    assert [record.getMessage() for record in caplog.records] == ["other processes cannot be told of changes: away"] * 2
