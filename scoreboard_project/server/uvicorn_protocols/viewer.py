"""A socket as its viewers meet it: it sends, answers a ping now and then, and hears nothing else."""

import asyncio
import os
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.frames import Frame as WebSocketFrame

from scoreboard_project.server.uvicorn_protocols.connection import Connection, EarlyRefusal, log_refusal
from scoreboard_project.server.uvicorn_protocols.handshakes import TOO_EARLY
from scores.board.viewers import WRITE_FRAME

#: Frames that a client may send: so many in so many seconds. A little less than one, so that the network's unevenness is no fault.
CONTROL_FRAMES = 20
CONTROL_SECONDS = 0.9
#: Pongs for one who does not read are kept up to here.
UNREAD_BYTES = 64 * 1024
#: Parsed at once: hardly more frames than are allowed.
PART_BYTES = 128

MALFORMED = EarlyRefusal(400, "malformed_upgrade", "This is no request for a socket.")
STOPPING = EarlyRefusal(503, "stopping", "The server is about to stop.")
#: Each closes the socket with this status and says why.
NOT_TEXT = EarlyRefusal(CloseCode.INVALID_DATA, "not_utf8", "Text is UTF-8.")
DATA = EarlyRefusal(CloseCode.POLICY_VIOLATION, "data_frame", "Nothing may be sent here.")
TOO_MANY = EarlyRefusal(
    CloseCode.POLICY_VIOLATION, "control_frames", f"At most {CONTROL_FRAMES} control frames a second."
)
UNREAD = EarlyRefusal(CloseCode.POLICY_VIOLATION, "unread_pongs", "Who does not read sends no pings.")


class ViewerProtocol(Connection, WebSocketsSansIOProtocol):
    """Bounds what a viewer sends and leaves unread, and offers the application to put a frame on the wire as it is.

    Encoding the same text for each viewer was most of the cost.
    """

    _counted_from = 0.0
    _control_frames = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Any byte that is not taken at once counts as unread: so no way of closing waits for such a reader for ever.
        transport.set_write_buffer_limits(high=0)
        self._descriptor = transport.get_extra_info("socket").fileno()

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop_timers()
        super().connection_lost(exc)
        # What holds itself: the parser, which is a generator of its own object, and our extension.
        self.conn.parser.close()
        if hasattr(self, "scope"):  # a handshake that failed has none
            self.scope["extensions"].pop(WRITE_FRAME, None)

    def data_received(self, data: bytes) -> None:
        if self.has_left:
            self.throw_away(data)
        elif not self.handshake_initiated:
            super().data_received(data)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse(MALFORMED)
        elif not self.handshake_complete:
            self._refuse(TOO_EARLY)
        else:
            for start in range(0, len(data), PART_BYTES):
                super().data_received(data[start : start + PART_BYTES])
                if self.is_over():
                    break

    def shutdown(self) -> None:
        if self.is_over():
            self.transport.abort()
            return
        if self.handshake_complete:
            super().shutdown()
        else:
            self._refuse(STOPPING)
        self.give_up_soon()

    # Frames

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][WRITE_FRAME] = self.write_frame  # type: ignore[assignment]

    def handle_text(self, event: WebSocketFrame) -> None:
        try:
            whole = event.data if event.fin else b""
            bytes(whole).decode()
        except UnicodeDecodeError:
            self._close(NOT_TEXT)
        else:
            self._close(DATA)

    def handle_bytes(self, event: WebSocketFrame) -> None:
        self._close(DATA)

    def handle_cont(self, event: WebSocketFrame) -> None:
        self._close(DATA)

    def handle_ping(self) -> None:
        if self._counts_another():
            super().handle_ping()

    def handle_pong(self, event: WebSocketFrame) -> None:
        if self._counts_another():
            super().handle_pong(event)

    def _counts_another(self) -> bool:
        """Whether one more control frame is all right; closes the socket where it is not."""
        now = self.loop.time()
        if now - self._counted_from > CONTROL_SECONDS:
            self._counted_from, self._control_frames = now, 0
        self._control_frames += 1
        if self.is_over():
            return False
        if self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._log(UNREAD)
            self.transport.abort()
            return False
        if self._control_frames > CONTROL_FRAMES:
            self._close(TOO_MANY)
            return False
        return True

    def write_frame(self, frame: bytes) -> bool:
        """Whether it is on its way (or the socket is closing, and nobody waits for it); False while the reader is behind.

        Not by the transport, which keeps the interpreter to itself while the system copies: requests go on meanwhile. What the system
        does not take is the transport's. `serve` has no TLS, which would be the transport's too.
        """
        if not self.writable.is_set():
            return False
        if not self.close_sent and not self.transport.is_closing():
            try:
                sent = os.write(self._descriptor, frame)
            except BlockingIOError:
                sent = 0
            except OSError:
                return True  # the other side is gone, as the transport will notice
            if sent < len(frame):
                self.transport.write(frame[sent:])
        return True

    # Ends

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # uvicorn takes a whole answer that is no socket for none, and logs an error
        if message["type"] == "websocket.close" and message.get("reason"):
            self._log(EarlyRefusal(message["code"], message["reason"], ""))

    def _close(self, refusal: EarlyRefusal) -> None:
        if self.is_over():
            return
        self._log(refusal)
        self.conn.fail(refusal.status, refusal.detail)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Close as the parser says; uvicorn's way may lose the code, because the system takes back what is unread."""
        close = self.conn.close_sent
        if close is not None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._depart()

    def _refuse(self, refusal: EarlyRefusal) -> None:
        """Answer a request for a socket that cannot be one."""
        self._log(refusal)
        self.transport.write(b"".join(self.conn.data_to_send()) or refusal.encode(self.default_headers))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
        self.handshake_complete = True
        self._depart()

    def _depart(self) -> None:
        # What the application still sends is for nobody, and no fault of its own.
        self.close_sent = self.disconnected = True
        self.stop_keepalive()
        self.leave()

    def _log(self, refusal: EarlyRefusal) -> None:
        log_refusal("a socket", refusal, self.client, self.scope["headers"] if hasattr(self, "scope") else ())
