"""As in the tutorial of Channels: HTTP to Django, sockets to the consumer."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.baseline.settings")
django_application = get_asgi_application()

from benchmarks.baseline.board.consumers import ScoreboardConsumer  # noqa: E402 - needs the applications to be loaded

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter([path("ws/scoreboard", ScoreboardConsumer.as_asgi())]),
    }
)
