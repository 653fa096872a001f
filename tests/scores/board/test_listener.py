"""A listener hears the pings of all processes, not its own probes, and says when it turns deaf and hears again."""

import asyncio
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from scores.announcements import GROUP
from scores.board import listener
from scores.board.listener import Listener


class CutLayer(InMemoryChannelLayer):  # type: ignore[misc]  # of a package without types
    """In memory, with a line that may be cut: then nothing arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False

    async def send(self, channel: str, message: Any) -> None:
        if not self.is_cut:
            await super().send(channel, message)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> CutLayer:
    layer = CutLayer()
    monkeypatch.setattr(listener, "get_channel_layer", lambda: layer)
    for name in ("PROBE_SECONDS", "RETRY_SECONDS", "LAYER_TIMEOUT_SECONDS"):
        monkeypatch.setattr(listener, name, 0.05)
    return layer


def test_pings_are_heard_and_probes_are_not_passed_on(layer: CutLayer) -> None:
    async def listen() -> None:
        changes: list[None] = []
        listens = Listener(lambda: changes.append(None))
        task = asyncio.create_task(listens.listen())
        await asyncio.sleep(0.2)
        assert (listens.hears, changes) == (True, [])
        await layer.group_send(GROUP, {"type": "standings.changed"})
        await asyncio.sleep(0.05)
        assert len(changes) == 1
        task.cancel()

    asyncio.run(listen())


def test_a_line_that_is_cut_is_noticed_in_silence_and_both_ends_of_it_are_a_change(
    layer: CutLayer, caplog: pytest.LogCaptureFixture
) -> None:
    async def listen() -> None:
        changed = asyncio.Event()
        listens = Listener(changed.set)
        task = asyncio.create_task(listens.listen())
        await asyncio.sleep(0.1)
        for is_cut in (True, False):
            layer.is_cut = is_cut
            changed.clear()
            async with asyncio.timeout(5):
                while listens.hears is is_cut:
                    await changed.wait()
                    changed.clear()
        task.cancel()

    asyncio.run(listen())
    assert [record.getMessage() for record in caplog.records] == [
        "pings of other processes cannot be heard: TimeoutError",
        "pings of other processes are heard again",
    ]
