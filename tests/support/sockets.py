"""A viewer's end of the socket."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.support.servers import ScoreboardServer


def socket_url(server: ScoreboardServer, path: str = "scoreboard") -> str:
    return f"ws{server.url.removeprefix('http')}/ws/{path}"


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


async def read_refusal(server: ScoreboardServer, path: str) -> tuple[int, str]:
    """The code and reason that a socket is closed with that is opened, without a frame before."""
    async with connect(socket_url(server, path)) as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 5)
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def is_quiet(socket: ClientConnection, seconds: float = 0.3) -> bool:
    """Whether nothing came, and nothing comes for so long."""
    try:
        await asyncio.wait_for(socket.recv(), seconds)
    except TimeoutError:
        return True
    return False
