"""The socket: anonymous and read-only; it sends standings and accepts nothing."""

from http import HTTPStatus
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from scores.board.hub import hub
from scores.board.look import Watched
from scores.board.lookup import CURRENT
from scores.board.viewers import WRITE_FRAME, Viewer
from scores.errors import Refused

#: A message of ASGI, whose keys its type decides.
Message = dict[str, Any]

# RFC 6455, section 7.4.1, and the registry of IANA. The last is our own, after HTTP's 404: a page that is refused the upgrade itself
# is not told with what, so every socket is accepted first.
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
NOT_FOUND = 4404


class ScoreboardConsumer(AsyncWebsocketConsumer):
    """Joins the process's hub for as long as the socket is open: for the board and period in its path, or the top 10 of all time."""

    # The hub listens to the channel layer once for all viewers.
    channel_layer_alias = None
    _viewer: Viewer | None = None
    _watched: Watched = None

    async def dispatch(self, message: Message) -> None:
        # Channels would give database connections back first, in another thread; nothing here touches the database.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        named = self.scope["url_route"]["kwargs"]
        self._watched = (named["slug"], named.get("period", CURRENT)) if named else None
        self._viewer = Viewer(self._send_frame, self._refuse, self.scope.get("extensions", {}).get(WRITE_FRAME))
        await hub.join(self._viewer, self._watched)

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
            await hub.leave(viewer, self._watched)

    async def _send_frame(self, frame: str) -> None:
        await self.base_send({"type": "websocket.send", "text": frame})

    async def _refuse(self, refusal: Refused) -> None:
        """What may be there later is worth another try; the reason is the code that the API would answer with."""
        is_for_now = refusal.status == HTTPStatus.SERVICE_UNAVAILABLE
        await self.close(code=TRY_AGAIN_LATER if is_for_now else NOT_FOUND, reason=refusal.code)
