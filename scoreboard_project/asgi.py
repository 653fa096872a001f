"""The application the servers run: sockets by Channels, HTTP by Django's WSGI handler through the bridge, on one port."""

import gc
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scoreboard_project.settings")
_handler = get_wsgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - they need the applications to be loaded
from channels.security.websocket import WebsocketDenier  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from scoreboard_project.server.batching import Receive, Send  # noqa: E402
from scoreboard_project.server.cors import CrossOrigin  # noqa: E402
from scoreboard_project.server.fast_top import TopFastPath  # noqa: E402
from scoreboard_project.server.lifespan import Lifespan  # noqa: E402
from scoreboard_project.server.socket_limit import SocketLimit  # noqa: E402
from scoreboard_project.server.uvicorn_protocols.http import TimedProtocol, ViewerProtocol  # noqa: E402
from scoreboard_project.server.wsgi_bridge import Bridge  # noqa: E402
from scores.board.consumers import ScoreboardConsumer  # noqa: E402

# The first two are serve's way to them: a worker looks for them before the application, and they need Django too.
__all__ = ["TimedProtocol", "ViewerProtocol", "application"]

# A request comes back from the database several times, and each time a loop that is sending to thousands of viewers lets it wait
# for this long. Python's own 5 ms made that 180 ms for one request in a hundred beside 10 000 viewers; this makes it 30 ms.
sys.setswitchinterval(0.0005)


class OriginGuard:
    """Lets sockets of our own pages and of ALLOWED_ORIGINS in (scheme, host and port), and clients that are no browser."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
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


async def _deny(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await WebsocketDenier()(scope, receive, send)


application = Lifespan(
    ProtocolTypeRouter(
        {
            "http": CrossOrigin(TopFastPath(Bridge(_handler))),
            "websocket": OriginGuard(
                SocketLimit(
                    URLRouter(
                        [
                            path("ws/scoreboard", ScoreboardConsumer.as_asgi()),
                            re_path("", _deny),  # type: ignore[arg-type]  # an ASGI application, which is what Channels routes to
                        ]
                    )
                )
            ),
        }
    )
)

# What the application is made of is no garbage: the collector need not look through it again while everybody waits.
gc.freeze()
