"""Connections as a whole: one request after the other, time that is bounded, and nothing left behind when they end."""

import asyncio
import gc
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from audit.models import AuditEntry
from scoreboard_project.server.uvicorn_protocols.http import TimedProtocol, ViewerProtocol
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.processes import free_port, wait_until
from tests.support.raw import MEBIBYTE, Bystander, Client
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database


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


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
BAD = b"GET /healthz HTTP/1.1\r\nbad header\r\n\r\n"
ACT = b'{"action": "daily-quiz"}'


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return scoreboard_server()


def ask_for_an_update(client: Client, *fields: str, body: bytes) -> None:
    token = access_token(make_player())
    own = (f"Authorization: Bearer {token}", "Idempotency-Key: one", "Content-Type: application/json")
    client.ask("PATCH /api/score/update", *own, *fields, body=body)


@pytest.mark.django_db(transaction=True)
def test_requests_that_are_sent_at_once_are_answered_in_their_order(server: ScoreboardServer) -> None:
    with Client(server) as client:
        last = b"GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        client.send(HEALTH * 500 + last)
        statuses = re.findall(rb"HTTP/1\.1 (\d+) ", client.read_to_the_end())
    assert statuses == [b"200"] * 500 + [b"404"]


@pytest.mark.django_db(transaction=True)
def test_requests_of_a_client_that_never_reads_are_not_kept(server: ScoreboardServer) -> None:
    with Bystander(server) as bystander, Client(server, buffer=4096) as client:
        client.send_for(HEALTH * 2000, seconds=6)
    assert bystander.growth < 20 * MEBIBYTE
    assert bystander.longest_wait < 1
    assert is_answered(server)
    assert "Traceback" not in server.log


def is_answered(server: ScoreboardServer) -> bool:
    with Client(server) as client:
        client.send(HEALTH)
        return client.read_head().startswith("HTTP/1.1 200 ")


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_none_is_answered_after_those_before_it(server: ScoreboardServer) -> None:
    with Client(server) as client:
        ask_for_an_update(client, f"Content-Length: {len(ACT)}", body=ACT + BAD)
        answers = client.read_to_the_end()
    assert answers.index(b"HTTP/1.1 200 OK") < answers.index(b"HTTP/1.1 400 Bad Request")
    assert AuditEntry.objects.filter(kind="award").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("more", [(), ("Expect: 100-continue",)])
def test_a_body_that_is_none_is_refused_and_nothing_written(more: tuple[str, ...], server: ScoreboardServer) -> None:
    with Client(server) as client:
        chunk = f"{len(ACT):x}\r\n".encode() + ACT + b"\r\n"
        ask_for_an_update(client, "Transfer-Encoding: chunked", *more, body=chunk + b"no chunk\r\n")
        assert client.read_to_the_end().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert is_answered(server)
    assert not AuditEntry.objects.filter(kind="award").exists()
    assert "Traceback" not in server.log


@pytest.mark.django_db(transaction=True)
def test_half_an_update_is_none(server: ScoreboardServer) -> None:
    """Although what came of it could be read as a whole one."""
    with Client(server) as client:
        ask_for_an_update(client, f"Content-Length: {len(ACT) + 1}", body=ACT)
        assert is_answered(server)
    assert is_answered(server)
    server.stop()
    assert not AuditEntry.objects.filter(kind="award").exists()
    assert "Traceback" not in server.log


@pytest.mark.django_db(transaction=True)
def test_whatever_comes_too_slowly_is_cut_within_half_a_minute(server: ScoreboardServer) -> None:
    """One byte a second of this, behind that."""
    head = b"POST /api/token HTTP/1.1\r\nHost: a\r\n"
    slow: dict[str, tuple[bytes, bytes]] = {
        "nothing": (b"", b""),
        "half a head": (head, b""),
        "a head": (head, b"x"),
        "empty lines": (b"", b"\r\n"),
        "empty lines behind a request": (HEALTH, b"\r\n"),
        "a body": (head + b"Content-Length: 8000\r\n\r\n", b"x"),
        "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        "a trailer": (head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x"),
        "a body that is refused": (head + b"Content-Length: 9000\r\n\r\n", b"x"),
    }

    def last(start: bytes, more: bytes) -> float:
        began = time.monotonic()
        with Client(server) as client:
            client.send(start)
            client.socket.settimeout(1)
            while time.monotonic() < began + 60:
                try:
                    if client.socket.recv(65536) == b"":
                        break
                except TimeoutError:
                    client.socket.send(more)
                except ConnectionError:
                    break
        return time.monotonic() - began

    with Bystander(server) as bystander, ThreadPoolExecutor(len(slow)) as pool:
        lasted = dict(zip(slow, pool.map(last, *zip(*slow.values(), strict=True)), strict=True))
    assert {name: seconds for name, seconds in lasted.items() if seconds > 35} == {}
    assert bystander.longest_wait < 2
    assert "Traceback" not in server.log


@pytest.mark.django_db(transaction=True)
def test_a_stop_does_not_wait_for_who_reads_nothing_or_never_ends(server: ScoreboardServer) -> None:
    with Client(server, buffer=4096) as unread, Client(server) as unsent, Client(server) as half:
        unread.send_for(HEALTH * 2000, seconds=2)
        ask_for_an_update(unsent, "Content-Length: 100", body=ACT)
        half.send(b"GET /")
        server.process.terminate()
        wait_until(lambda: not server.is_running, seconds=10, what="The stop")
    assert "Traceback" not in server.log
    assert not AuditEntry.objects.filter(kind="award").exists()
