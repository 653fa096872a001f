"""The application the servers run: sockets by Channels, HTTP by Django's WSGI handler through the bridge, on one port."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scoreboard_project.settings")
_handler = get_wsgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - they need the applications to be loaded
from channels.security.websocket import WebsocketDenier  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from scoreboard_project.server.cors import CrossOrigin  # noqa: E402
from scoreboard_project.server.fast_top import TopFastPath  # noqa: E402
from scoreboard_project.server.fast_update import UpdateFastPath  # noqa: E402
from scoreboard_project.server.lifespan import Lifespan  # noqa: E402
from scoreboard_project.server.origins import OriginGuard  # noqa: E402
from scoreboard_project.server.socket_limit import SocketLimit  # noqa: E402
from scoreboard_project.server.uvicorn_protocols.http import TimedProtocol, ViewerProtocol  # noqa: E402
from scoreboard_project.server.wsgi_bridge import Bridge  # noqa: E402
from scores.board.consumers import ScoreboardConsumer  # noqa: E402
from scores.board.hub import hub  # noqa: E402

# The first two are serve's way to them: a worker looks for them before the application, and they need Django too.
__all__ = ["TimedProtocol", "ViewerProtocol", "application"]

bridge = Bridge(_handler, fast_paths=[TopFastPath(), UpdateFastPath()])
hub.give_way(bridge.has_waiting)
viewers = ScoreboardConsumer.as_asgi()
application = Lifespan(
    ProtocolTypeRouter(
        {
            "http": CrossOrigin(bridge),
            "websocket": OriginGuard(
                SocketLimit(
                    URLRouter(
                        [
                            path("ws/scoreboard", viewers),
                            path("ws/boards/<str:slug>", viewers),
                            path("ws/boards/<str:slug>/<str:period>", viewers),
                            re_path("", WebsocketDenier.as_asgi()),
                        ]
                    )
                )
            ),
        }
    )
)
