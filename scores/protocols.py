"""What we add to uvicorn's connections: a time limit on a request's head, and frames that are encoded once for all viewers."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEADER_SECONDS = 20
#: The name of our extension in the scope of a socket: `write(frame: bytes) -> bool`.
WRITE_FRAME = "scoreboard.write_frame"


class TimedProtocol(HttpToolsProtocol):
    """Cuts a connection whose request line and headers take too long (slow-loris); the body's time is the bridge's business."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arm()

    def on_headers_complete(self) -> None:
        self._disarm()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Parser and connection hold each other: without it both are free now, and not when the collector comes round.
        self.parser = None  # type: ignore[assignment]

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class ViewerProtocol(WebSocketsSansIOProtocol):
    """Offers the application to put a frame on the wire as it is: encoding the same text for each viewer was most of the cost."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][WRITE_FRAME] = self.write_frame  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # What holds itself: the parser, which is a generator of its own object, and our extension.
        self.conn.parser.close()
        if hasattr(self, "scope"):  # a handshake that failed has none
            self.scope["extensions"].pop(WRITE_FRAME, None)

    def write_frame(self, frame: bytes) -> bool:
        """Whether it is on its way (or the socket is closing, and nobody waits for it); False while the reader is behind."""
        if not self.writable.is_set():
            return False
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)
        return True
