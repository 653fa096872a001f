"""At most SOCKETS_PER_ADDRESS sockets of one address in this process; pages beyond them are told so, and ask by HTTP."""

from collections import Counter

from django.conf import settings

from scoreboard_project.server.asgi_types import Application, Message, Receive, Send
from scoreboard_project.server.uvicorn_protocols.connection import (
    Client,
    EarlyRefusal,
    Headers,
    find_address,
    log_refusal,
)
from scores.addresses import name_subject

FULL = EarlyRefusal(
    503, "too_many_sockets", "This address has as many sockets as one may have here.", ((b"retry-after", b"60"),)
)


class SocketLimit:
    """Around the application for sockets, which runs for as long as one is open."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        subject = find_subject(scope.get("client"), scope["headers"])
        if settings.SOCKETS_PER_ADDRESS and self._open[subject] >= settings.SOCKETS_PER_ADDRESS:
            await self._refuse(scope, send)
            return
        self._open[subject] += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._open[subject] -= 1
            if not self._open[subject]:
                del self._open[subject]

    async def _refuse(self, scope: Message, send: Send) -> None:
        log_refusal("a socket", FULL, scope.get("client"), scope["headers"])
        headers = [(b"content-type", b"text/plain; charset=utf-8"), *FULL.headers]
        await send({"type": "websocket.http.response.start", "status": FULL.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": FULL.body})


def find_subject(client: Client, headers: Headers) -> str:
    """Whom the limit counts, as all limits by address do."""
    return name_subject(find_address(client, headers), peer=client[0] if client else "")
