"""Which origins are ours."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import websockets
from django.test import override_settings
from websockets.asyncio.client import connect

from scoreboard_project.server.origins import is_allowed_origin
from tests.support.servers import ScoreboardServer
from tests.support.sockets import receive, socket_url

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("origin", "host", "https_only", "allowed"),
    [
        ("https://board.example", "board.example", True, True),
        ("http://board.example", "board.example", True, False),
        ("http://board.example", "board.example", False, True),
        ("https://board.example:8443", "board.example", True, False),
        ("https://board.example", "board.example:8443", True, False),
        ("https://evil.example", "evil.example", True, False),
        ("https://board.example.evil.example", "board.example", True, False),
        ("https://[::1", "board.example", True, False),
        ("null", "board.example", True, False),
    ],
)
def test_an_origin_is_ours_by_scheme_host_and_port(origin: str, host: str, https_only: bool, allowed: bool) -> None:
    with override_settings(ALLOWED_HOSTS=["board.example"], HTTPS_ONLY=https_only, ALLOWED_ORIGINS=[]):
        assert is_allowed_origin(origin, host) is allowed


def test_only_our_own_pages_and_clients_without_an_origin_may_watch(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server = scoreboard_server(ALLOWED_ORIGINS="https://friend.example")

    async def watch(origin: Any) -> int:
        try:
            async with connect(socket_url(server), origin=origin) as socket:
                await receive(socket)
        except websockets.InvalidStatus as refused:
            return refused.response.status_code
        return 101

    async def watch_all() -> dict[Any, int]:
        return {origin: await watch(origin) for origin in (None, server.url, "https://friend.example", *foreign)}

    port = int(server.url.rpartition(":")[2])
    foreign = ["http://evil.example", "null", f"http://127.0.0.1:{port + 1}", "http://friend.example", "not an origin"]
    allowed = {None: 101, server.url: 101, "https://friend.example": 101}
    assert asyncio.run(watch_all()) == allowed | dict.fromkeys(foreign, 403)
