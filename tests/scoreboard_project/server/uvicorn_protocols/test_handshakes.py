"""Requests for a socket that cannot become one: each is answered, on any path, and none of them is in the way of a stop."""

import base64
import socket
from collections.abc import Callable

import pytest

from audit.models import AuditEntry
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.processes import wait_until
from tests.support.raw import PING, Client, frame
from tests.support.servers import ScoreboardServer

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]

#: What is asked, and what of the answer matters.
HOPELESS: dict[str, tuple[Callable[[Client], None], int, str]] = {
    "post": (lambda client: client.upgrade("POST /ws/scoreboard"), 405, "allow: GET"),
    "head": (lambda client: client.upgrade("HEAD /"), 405, "allow: GET"),
    "post with a body": (lambda client: client.upgrade("POST /", "Content-Length: 2"), 405, "allow: GET"),
    "connect": (lambda client: client.ask("CONNECT a:443"), 405, "allow: GET"),
    "version": (lambda client: client.upgrade(version="8"), 426, "sec-websocket-version: 13"),
    "version elsewhere": (lambda client: client.upgrade("GET /elsewhere", version="14"), 426, "sec-websocket-version: 13"),
    "two protocols": (lambda client: client.upgrade("GET /", "Upgrade: h2c"), 426, "Upgrade: websocket"),
    "key": (lambda client: client.upgrade(key="short"), 400, ""),
    "two keys": (lambda client: client.upgrade("GET /", f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"), 400, ""),
    "no key": (lambda client: client.ask("GET /", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"), 400, ""),
    "body": (lambda client: client.upgrade("GET /ws/scoreboard", "Content-Length: 5"), 400, ""),
    "chunks": (lambda client: client.upgrade("GET /ws/scoreboard", "Transfer-Encoding: chunked"), 400, ""),
    "large cookie": (lambda client: client.upgrade("GET /ws/scoreboard", "Cookie: " + "a" * 9000), 431, ""),
    "large head": (lambda client: client.upgrade("GET /ws/scoreboard", "Cookie: " + "a" * 40_000), 431, ""),
    "many fields": (lambda client: client.upgrade("GET /ws/scoreboard", *["a: b"] * 200), 431, ""),
    "long url": (lambda client: client.upgrade("GET /ws/scoreboard?" + "a" * 9000), 431, ""),
}  # fmt: skip


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    return scoreboard_server()


def test_an_upgrade_that_cannot_be_is_answered_and_the_connection_closed(server: ScoreboardServer) -> None:
    for name, (ask, status, field) in HOPELESS.items():
        with Client(server) as client:
            ask(client)
            head = client.read_to_the_end().partition(b"\r\n\r\n")[0].decode()
            assert head.startswith(f"HTTP/1.1 {status} "), (name, head)
            assert field in head
            assert "connection: close" in head.lower()
    assert "Traceback" not in server.log


def test_what_follows_a_request_for_a_socket_too_early_is_refused(server: ScoreboardServer) -> None:
    with Client(server) as client:
        fields = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
        client.ask("GET /ws/scoreboard", *fields, "Sec-WebSocket-Version: 13", body=frame(PING))
        assert client.read_head().startswith("HTTP/1.1 400 ")


@pytest.mark.parametrize("wish", ["h2c", "TLS/1.0", "anything, else"])
def test_another_protocol_that_is_asked_for_is_passed_over(wish: str, server: ScoreboardServer) -> None:
    """With its body, which is neither lost nor taken for the next request."""
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    body = b'{"action": "daily-quiz"}'
    with Client(server) as client:
        for number, keeps in enumerate((True, False)):
            client.ask(
                "PATCH /api/score/update",
                f"Connection: Upgrade, HTTP2-Settings{'' if keeps else ', close'}", f"Upgrade: {wish}", "HTTP2-Settings: AAMAAABk",
                f"Authorization: Bearer {access_token(make_player(f'player-{number}'))}", "Idempotency-Key: one",
                "Content-Type: application/json", f"Content-Length: {len(body)}",
                body=b"" if keeps else body,
            )  # fmt: skip
            if keeps:
                client.send(body)
                assert client.read_until(b"}}").startswith(b"HTTP/1.1 200 ")
            else:
                assert client.read_to_the_end().startswith(b"HTTP/1.1 200 ")
    assert AuditEntry.objects.filter(kind="award").count() == 2


def test_a_socket_asked_for_behind_a_request_opens_after_its_answer(server: ScoreboardServer) -> None:
    with Client(server) as client:
        head = f"GET /api/score/top HTTP/1.1\r\nHost: {client.host}\r\n\r\n"
        fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        upgrade = f"GET /ws/scoreboard HTTP/1.1\r\nHost: {client.host}\r\n{fields}Sec-WebSocket-Version: 13\r\n\r\n"
        client.send((head + upgrade).encode())
        answers = client.read_until(b"scoreboardUpdate")
        assert answers.index(b"HTTP/1.1 200 ") < answers.index(b"HTTP/1.1 101 ")


def test_a_stop_finishes_what_is_in_flight_whatever_upgrades_were_refused(server: ScoreboardServer) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    token, body = access_token(make_player()), b'{"action": "daily-quiz"}'
    clients = []
    for ask, _, _ in HOPELESS.values():
        clients.append(Client(server))
        ask(clients[-1])
    with Client(server) as client:
        fields = (f"Authorization: Bearer {token}", "Idempotency-Key: one", "Content-Type: application/json")
        client.ask("PATCH /api/score/update", *fields, f"Content-Length: {len(body)}", "Expect: 100-continue")
        client.read_until(b"100 Continue\r\n\r\n")
        server.process.terminate()
        wait_until(lambda: not is_listening(server), seconds=5, what="The beginning of the stop")
        client.send(body)
        assert client.read_to_the_end().startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: not server.is_running, seconds=10, what="The stop")
    assert "Traceback" not in server.log
    for each in clients:
        each.socket.close()


def is_listening(server: ScoreboardServer) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0
