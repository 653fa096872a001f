"""Who takes nothing of what is sent is let go, whatever it is and however its connection ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from scoreboard_project.server.uvicorn_protocols import connection
from scoreboard_project.server.uvicorn_protocols.connection import find_address
from scoreboard_project.server.uvicorn_protocols.http import TimedProtocol, ViewerProtocol
from tests.support.processes import free_port

pytestmark = pytest.mark.any_database

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
#: More than the system keeps for a reader.
LARGE = bytes(32 * 1024 * 1024)


async def send_without_end(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "bytes": LARGE[:65536]})
    await send({"type": "http.response.start", "status": 200})
    for _ in range(2000):
        await send({"type": "http.response.body", "body": LARGE[:65536], "more_body": True})


async def send_much(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": LARGE})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": LARGE})


@asynccontextmanager
async def serving(application: Callable[..., Awaitable[None]]) -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(
        application, port=free_port(), http=TimedProtocol, ws=ViewerProtocol, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize("application", [send_without_end, send_much])
@pytest.mark.parametrize("fields", [b"", b"Connection: close\r\n", UPGRADE], ids=["kept", "closing", "socket"])
def test_who_reads_nothing_is_let_go(
    application: Callable[..., Awaitable[None]], fields: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READER_SECONDS", 0.5)

    async def stall() -> None:
        async with serving(application) as server:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", server.config.port))
                client.sendall(REQUEST + fields + b"\r\n")
                async with asyncio.timeout(10):
                    while not server.server_state.connections:
                        await asyncio.sleep(0.01)
                    while server.server_state.connections:
                        await asyncio.sleep(0.01)

    asyncio.run(stall())


def test_who_reads_slowly_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READER_SECONDS", 0.3)

    async def read() -> int:
        async with serving(send_much) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port, limit=65536)
            writer.write(REQUEST + b"Connection: close\r\n\r\n")
            size = 0
            while piece := await reader.read(1024 * 1024):
                size += len(piece)
                await asyncio.sleep(0.02)
            writer.close()
            return size

    assert asyncio.run(read()) > len(LARGE)


@pytest.mark.parametrize(
    ("trusted", "headers", "address"),
    [
        (0, [(b"x-forwarded-for", b"6.6.6.6")], "192.0.2.1"),
        (1, [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"192.0.2.7")], "192.0.2.7"),
        (1, [], "192.0.2.1"),
    ],
)
def test_the_address_of_a_refusal_is_found_as_for_every_request(
    trusted: int, headers: list[tuple[bytes, bytes]], address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = trusted
    assert find_address(("192.0.2.1", 4711), headers) == address
