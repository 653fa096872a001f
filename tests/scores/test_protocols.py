"""What a connection leaves behind when it ends: nothing that only the garbage collector would find."""

import asyncio
import gc
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from scores.protocols import TimedProtocol, ViewerProtocol
from tests.processes import free_port


async def accept(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An application that lets everybody in, until they go."""
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def alive() -> list[object]:
    return [each for each in gc.get_objects() if type(each) in (TimedProtocol, ViewerProtocol)]


async def watch_and_leave(*, politely: bool) -> tuple[list[type], list[object]]:
    """The connections while somebody watches, and after."""
    config = uvicorn.Config(
        accept, port=free_port(), http=TimedProtocol, ws=ViewerProtocol, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    viewer = await connect(f"ws://127.0.0.1:{config.port}/")
    watching = [type(each) for each in alive()]
    if politely:
        await viewer.close()
    else:
        viewer.transport.abort()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if not alive():
            break
    left = alive()
    server.should_exit = True
    await serving
    return watching, left


def test_a_viewer_is_one_connection_and_freed_at_once_however_he_leaves() -> None:
    gc.collect()
    gc.disable()
    try:
        for politely in (True, False):
            watching, left = asyncio.run(watch_and_leave(politely=politely))
            assert (watching, left) == ([ViewerProtocol], [])
    finally:
        gc.enable()
