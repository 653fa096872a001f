"""The socket: anonymous and read-only; it sends standings and accepts nothing."""

from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from scores.board.hub import hub
from scores.board.viewers import WRITE_FRAME, Viewer

#: A message of ASGI, whose keys its type decides.
Message = dict[str, Any]

POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class ScoreboardConsumer(AsyncWebsocketConsumer):
    """Joins the process's hub for as long as the socket is open."""

    # The hub listens to the channel layer once for all viewers.
    channel_layer_alias = None
    _viewer: Viewer | None = None

    async def dispatch(self, message: Message) -> None:
        # Channels would give database connections back first, in another thread; nothing here touches the database.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        self._viewer = Viewer(self._send_frame, self.scope.get("extensions", {}).get(WRITE_FRAME))
        await hub.join(self._viewer)

    async def websocket_receive(self, message: Message) -> None:
        """Whatever came in, text or bytes, ends the socket, once."""
        if self._viewer is not None:
            await self._leave()
            await self.close(code=POLICY_VIOLATION)

    async def disconnect(self, code: int) -> None:
        await self._leave()

    async def _leave(self) -> None:
        viewer, self._viewer = self._viewer, None
        if viewer is not None:
            await hub.leave(viewer)

    async def _send_frame(self, frame: str) -> None:
        await self.base_send({"type": "websocket.send", "text": frame})
