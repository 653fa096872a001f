"""A viewer gets the newest frame there is when it is ready for one, never a queue."""

import asyncio

import pytest

from scores.board.viewers import Frame, Viewer
from scores.errors import Refused, UnknownBoard


class Socket:
    """A reader who may be behind, and what reached it."""

    def __init__(self) -> None:
        self.received: list[str | bytes] = []
        self.refusals: list[str] = []
        self.is_behind = False
        self.caught_up = asyncio.Event()

    def write(self, frame: bytes) -> bool:
        if not self.is_behind:
            self.received.append(frame)
        return not self.is_behind

    async def send(self, text: str) -> None:
        await self.caught_up.wait()
        self.received.append(text)

    async def close(self, refusal: Refused) -> None:
        self.refusals.append(refusal.code)


def frames(*texts: str) -> list[Frame]:
    return [Frame.of(text) for text in texts]


def test_a_frame_is_one_unmasked_text_message() -> None:
    assert Frame.of("Ada").wire == b"\x81\x03Ada"


def test_whoever_reads_gets_the_bytes_at_once() -> None:
    async def watch() -> None:
        socket = Socket()
        viewer = Viewer(socket.send, socket.close, socket.write)
        for frame in frames("one", "two"):
            viewer.show(frame)
        assert socket.received == [Frame.of("one").wire, Frame.of("two").wire]

    asyncio.run(watch())


@pytest.mark.parametrize("writes", [True, False], ids=["writes at once", "sends only"])
def test_whoever_is_behind_gets_the_newest_only(writes: bool) -> None:
    async def watch() -> None:
        socket = Socket()
        socket.is_behind = True
        viewer = Viewer(socket.send, socket.close, socket.write if writes else None)
        one, *others = frames("one", "two", "three", "four")
        viewer.show(one)
        await asyncio.sleep(0)
        for frame in others:
            viewer.show(frame)
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        assert socket.received == ["one", "four"]

    asyncio.run(watch())


def test_a_heartbeat_does_not_take_the_place_of_the_newest_frame() -> None:
    async def watch() -> None:
        socket = Socket()
        viewer = Viewer(socket.send, socket.close, socket.write)
        one, two, three, heartbeat = frames("one", "two", "three", "heartbeat")
        viewer.beat(heartbeat)
        socket.is_behind = True
        viewer.show(one)
        viewer.show(two)
        viewer.beat(heartbeat)
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        socket.is_behind = False
        viewer.show(three)
        assert socket.received == [heartbeat.wire, "two", three.wire]

    asyncio.run(watch())


def test_who_left_gets_nothing_more() -> None:
    async def watch() -> None:
        socket = Socket()
        viewer = Viewer(socket.send, socket.close)
        viewer.show(Frame.of("one"))
        await asyncio.sleep(0)
        await viewer.leave()
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        assert socket.received == []

    asyncio.run(watch())


@pytest.mark.parametrize("is_behind", [True, False])
def test_who_is_refused_is_told_why_and_gets_nothing_more(is_behind: bool) -> None:
    async def watch() -> None:
        socket = Socket()
        socket.is_behind = is_behind
        viewer = Viewer(socket.send, socket.close, socket.write)
        viewer.show(Frame.of("one"))
        await asyncio.sleep(0)
        viewer.refuse(UnknownBoard())
        viewer.show(Frame.of("two"))
        socket.caught_up.set()
        await asyncio.sleep(0.01)
        await viewer.leave()
        assert socket.refusals == ["unknown_board"]
        assert socket.received == ([] if is_behind else [Frame.of("one").wire])

    asyncio.run(watch())


def test_a_refusal_that_nobody_is_there_to_hear_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def close(refusal: Refused) -> None:
        raise ConnectionResetError

    async def watch() -> None:
        viewer = Viewer(Socket().send, close)
        viewer.refuse(UnknownBoard())
        await asyncio.sleep(0.01)
        await viewer.leave()

    asyncio.run(watch())
    assert caplog.records == []
