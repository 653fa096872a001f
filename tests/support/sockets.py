"""A viewer's end of the socket."""

import asyncio
import contextlib
import json
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from tests.support.servers import ScoreboardServer


def socket_url(server: ScoreboardServer) -> str:
    return f"ws{server.url.removeprefix('http')}/ws/scoreboard"


async def receive(socket: ClientConnection, seconds: float = 5) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), seconds))


async def read_close(socket: ClientConnection) -> int:
    """The code the server closes with."""
    with contextlib.suppress(websockets.ConnectionClosedError):
        async with asyncio.timeout(12):
            async for _ in socket:
                pass
    assert socket.close_code is not None
    return socket.close_code
