"""A viewer is one open socket, a frame is one message for all viewers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from websockets import frames

from scores.errors import Refused

#: The name of the extension of a socket's scope (ASGI) that is a viewer's `write`.
WRITE_FRAME = "scoreboard.write_frame"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message for all viewers: its text, and the same as the bytes of a WebSocket frame (RFC 6455, section 5.2), made once."""

    text: str
    wire: bytes

    @classmethod
    def of(cls, text: str) -> "Frame":
        return cls(text, frames.Frame(frames.Opcode.TEXT, text.encode()).serialize(mask=False))


class Viewer:
    """One open socket: it gets the newest frame there is when it is ready for one, never a queue.

    `write` puts the bytes on the wire at once and says False where the reader is behind; then, and where the server offers
    no such thing, a task waits in `send` for the reader and delivers what is newest by then. `close` says why it ends and ends it.
    """

    __slots__ = ("_close", "_frame", "_send", "_task", "_write")

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[Refused], Awaitable[None]],
        write: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._send = send
        self._close = close
        self._write = write
        self._frame: Frame | None = None
        self._task: asyncio.Task[None] | None = None

    def show(self, frame: Frame) -> None:
        """Send the frame, or keep it as the newest for a reader who is behind."""
        if self._task is not None:
            self._frame = frame
        elif self._write is None or not self._write(frame.wire):
            self._frame = frame
            self._task = asyncio.create_task(self._catch_up())

    def beat(self, heartbeat: Frame) -> None:
        """Send a heartbeat; whoever is behind waits for more than that, which it must not take the place of."""
        if self._task is None:
            self.show(heartbeat)

    def refuse(self, refusal: Refused) -> None:
        """Close the socket; whoever is behind is told when ready, and gets no frame any more."""
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._part(refusal))

    async def leave(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _catch_up(self) -> None:
        while self._frame is not None:
            frame, self._frame = self._frame, None
            try:
                await self._send(frame.text)
            except Exception:  # noqa: BLE001 - whatever the transport raises, this viewer is gone; its consumer cleans up
                return
        self._task = None

    async def _part(self, refusal: Refused) -> None:
        with suppress(Exception):  # as above
            await self._close(refusal)
