"""manage.py serve: the production server with the right flags."""

import contextlib
import logging
import os
import resource
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from audit.keys import load_keyring
from scoreboard_project import __version__
from scoreboard_project.server.readiness import find_clock_fault, find_migration_fault
from scores.integrity.ledger_keys import find_key_fault
from scores.metrics import FOLDER_VARIABLE
from scores.receipts.issuers import Registry

logger = logging.getLogger(__name__)

STOP_SECONDS = 8
#: A viewer that does not even answer a ping is let go after twice this.
SOCKET_PING_SECONDS = 20


class Command(BaseCommand):
    help = "Serve the site: HTTP and sockets on one port."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--despite-clock", action="store_true", help="start although the clock seems wrong")

    def handle(self, *, host: str, port: int, workers: int, despite_clock: bool, **options: Any) -> None:
        if workers < 1:
            raise CommandError("--workers must be at least 1.")
        if workers > 1 and not settings.REDIS_URL:
            raise CommandError("Several workers need REDIS_URL: without it they share neither limits nor pings.")
        check_port(host, port)
        # What each worker would stumble over only at its first update and receipt.
        keyring = load_keyring()
        Registry(settings.RECEIPT_ISSUERS_FILE)
        if (
            fault := find_migration_fault()
            or find_key_fault(keyring)
            or (None if despite_clock else find_clock_fault())
        ):
            raise CommandError(fault)
        connection.close()
        allow_many_sockets()
        # Else a server that nobody asks says nothing at all.
        logger.info("listening host=%s port=%d workers=%d version=%s", host, port, workers, __version__)
        with counting_together() if workers > 1 else contextlib.nullcontext():
            self._run(host, port, workers)

    @staticmethod
    def _run(host: str, port: int, workers: int) -> None:
        # Compression of sockets would cost memory and CPU per viewer; without a graceful timeout a stalled viewer keeps us from stopping.
        uvicorn.run(
            "scoreboard_project.asgi:application",
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            # By name: each worker looks them up for itself, where Django is set up by then.
            http="scoreboard_project.asgi:TimedProtocol",
            ws="scoreboard_project.asgi:ViewerProtocol",
            ws_per_message_deflate=False,
            ws_max_size=4096,
            ws_ping_interval=SOCKET_PING_SECONDS,
            ws_ping_timeout=SOCKET_PING_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=30,
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            lifespan="on",
        )


def allow_many_sockets() -> None:
    """Every viewer is a descriptor, and the usual limit of 1024 is the system's caution, not its limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextlib.contextmanager
def counting_together() -> Iterator[None]:
    """A fresh folder in which the workers' metrics meet; left to the workers' environment, before they count anything."""
    with tempfile.TemporaryDirectory(prefix="scoreboard-metrics-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        yield


def check_port(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise CommandError("--port must be from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from None
