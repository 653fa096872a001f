"""manage.py serve: the production server with the right flags."""

import asyncio
import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STOP_SECONDS = 8
HEADER_SECONDS = 20
#: A viewer that does not even answer a ping is let go after twice this.
PING_SECONDS = 20


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

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Command(BaseCommand):
    help = "Serve the site: HTTP and sockets on one port."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1)

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        if workers < 1:
            raise CommandError("--workers must be at least 1.")
        if workers > 1 and not settings.REDIS_URL:
            raise CommandError("Several workers need REDIS_URL: without it they share neither limits nor pings.")
        check_port(host, port)
        # Compression of sockets would cost memory and CPU per viewer; without a graceful timeout a stalled viewer keeps us from stopping.
        uvicorn.run(
            "scoreboard_project.asgi:application",
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            http=TimedProtocol,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=4096,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=30,
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            lifespan="off",
        )


def check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from None
