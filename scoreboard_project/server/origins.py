"""Which pages may open a socket: our own and those of ALLOWED_ORIGINS, by scheme, host and port (docs/decisions/0009)."""

from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings

from scoreboard_project.server.asgi_types import Application, Message, Receive, Send


class OriginGuard:
    """Around the application for sockets: refuses (403) whoever names a foreign origin or several; who is no browser names none."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
        origins = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"origin"]
        allowed = not origins or (len(origins) == 1 and is_allowed_origin(origins[0], host))
        await (self._application if allowed else WebsocketDenier())(scope, receive, send)


def is_allowed_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin may open a socket at this Host."""
    if origin in settings.ALLOWED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
        own = (
            parts.scheme in ({"https"} if settings.HTTPS_ONLY else {"http", "https"})
            and origin == f"{parts.scheme}://{host}"
        )
        return own and _is_allowed_host(parts.hostname or "")
    except ValueError:
        return False


def _is_allowed_host(host: str) -> bool:
    name = f"[{host}]" if ":" in host else host
    return any(
        pattern in {name, "*"} or (pattern.startswith(".") and (name.endswith(pattern) or name == pattern[1:]))
        for pattern in settings.ALLOWED_HOSTS
    )
