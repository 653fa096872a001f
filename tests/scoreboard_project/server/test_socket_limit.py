"""How many sockets one address may have, and what becomes of the next."""

from collections.abc import Callable
from typing import Any

import pytest

from scoreboard_project.server.socket_limit import find_subject
from tests.support.processes import wait_until
from tests.support.raw import Client
from tests.support.servers import ScoreboardServer

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]
PEER = ("192.0.2.1", 4711)


def watch(server: ScoreboardServer, address: str) -> tuple[Client, str]:
    client = Client(server)
    client.upgrade("GET /ws/scoreboard", f"X-Forwarded-For: {address}")
    return client, client.read_head()


def is_let_in(server: ScoreboardServer, address: str) -> bool:
    client, head = watch(server, address)
    client.socket.close()
    return head.startswith("HTTP/1.1 101 ")


def test_one_address_has_so_many_sockets_and_not_one_more(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server(SOCKETS_PER_ADDRESS="2", TRUSTED_PROXIES="1")
    first, second = (watch(server, "192.0.2.7") for _ in range(2))
    assert [head.partition("\r\n")[0] for _, head in (first, second)] == ["HTTP/1.1 101 Switching Protocols"] * 2
    with Client(server) as client:
        client.upgrade("GET /ws/scoreboard", "X-Forwarded-For: 192.0.2.7")
        head, _, body = client.read_to_the_end().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 60" in head.lower()
    assert body == b"This address has as many sockets as one may have here.\n"
    assert "scores.outcomes refused a socket with 503 too_many_sockets address=192.0.2.7" in server.log
    assert is_let_in(server, "192.0.2.8")
    first[0].socket.close()
    wait_until(lambda: is_let_in(server, "192.0.2.7"), seconds=5, what="A free place")
    second[0].socket.close()
    assert [line for line in server.log.splitlines() if " ERROR " in line or "Traceback" in line] == []


def test_without_a_limit_everybody_is_let_in(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server(SOCKETS_PER_ADDRESS="0")
    clients = [watch(server, "192.0.2.7") for _ in range(30)]
    assert {head.partition("\r\n")[0] for _, head in clients} == {"HTTP/1.1 101 Switching Protocols"}
    for client, _ in clients:
        client.socket.close()


@pytest.mark.parametrize(
    ("hop", "subject"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("nobody", "unknown 192.0.2.1"),
    ],
)
def test_an_ipv6_client_is_its_line_and_who_cannot_be_told_is_its_peer(hop: str, subject: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    assert find_subject(PEER, [(b"x-forwarded-for", hop.encode())]) == subject
