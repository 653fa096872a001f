"""A viewer gets the newest frame there is when it is ready for one, never a queue."""

import asyncio

import pytest

from scores.board.viewers import Frame, Viewer


class Socket:
    """A reader who may be behind, and what reached it."""

    def __init__(self) -> None:
        self.received: list[str | bytes] = []
        self.is_behind = False
        self.caught_up = asyncio.Event()

    def write(self, frame: bytes) -> bool:
        if not self.is_behind:
            self.received.append(frame)
        return not self.is_behind

    async def send(self, text: str) -> None:
        await self.caught_up.wait()
        self.received.append(text)


def frames(*texts: str) -> list[Frame]:
    return [Frame.of(text) for text in texts]


def test_a_frame_is_one_unmasked_text_message() -> None:
    assert Frame.of("Ada").wire == b"\x81\x03Ada"


def test_whoever_reads_gets_the_bytes_at_once() -> None:
    async def watch() -> None:
        socket = Socket()
        viewer = Viewer(socket.send, socket.write)
        for frame in frames("one", "two"):
            viewer.show(frame)
        assert socket.received == [Frame.of("one").wire, Frame.of("two").wire]

    asyncio.run(watch())


@pytest.mark.parametrize("writes", [True, False], ids=["writes at once", "sends only"])
def test_whoever_is_behind_gets_the_newest_only(writes: bool) -> None:
    async def watch() -> None:
        socket = Socket()
        socket.is_behind = True
        viewer = Viewer(socket.send, socket.write if writes else None)
        one, *others = frames("one", "two", "three", "four")
        viewer.show(one)
        await asyncio.sleep(0)
        for frame in others:
            viewer.show(frame)
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        assert socket.received == ["one", "four"]

    asyncio.run(watch())


def test_who_left_gets_nothing_more() -> None:
    async def watch() -> None:
        socket = Socket()
        viewer = Viewer(socket.send)
        viewer.show(Frame.of("one"))
        await asyncio.sleep(0)
        await viewer.leave()
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        assert socket.received == []

    asyncio.run(watch())
