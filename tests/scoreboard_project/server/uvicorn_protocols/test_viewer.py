"""What a viewer may send: a ping now and then. Everything else ends its socket, at once and without a traceback."""

import time
from collections.abc import Callable

import pytest

from tests.support.raw import BINARY, CLOSE, MEBIBYTE, PING, PONG, TEXT, Bystander, Client, frame
from tests.support.servers import ScoreboardServer

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]
CONTINUATION = 0
#: What others may wait beside a flood; without bounds it was 4 to 5 s.
LONGEST_WAIT = 1.5


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    return scoreboard_server()


def watch(server: ScoreboardServer, *, buffer: int = 0) -> Client:
    client = Client(server, buffer=buffer)
    client.upgrade()
    client.read_until(b"scoreboardUpdate")
    return client


def test_what_a_socket_is_closed_with(server: ScoreboardServer) -> None:
    closes = {
        "text": (frame(TEXT, b"hello"), 1008),
        "text that is none": (frame(TEXT, b"\xff\xfe"), 1007),
        "half a character": (frame(TEXT, "é".encode()[:1]), 1007),
        "bytes": (frame(BINARY, b"\xff"), 1008),
        "a part": (frame(TEXT, b"he", fin=False), 1008),
        "a part that is no text": (frame(TEXT, b"\xff", fin=False), 1008),
        "an empty part": (frame(BINARY, fin=False), 1008),
        "a part of nothing": (frame(CONTINUATION, b"a"), 1002),
        "a part of a ping": (frame(PING, fin=False), 1002),
        "a long ping": (frame(PING, b"a" * 126), 1002),
        "unmasked": (frame(PING, masked=False), 1002),
        "reserved bits": (frame(TEXT, b"a", reserved=0x40), 1002),
        "a reserved kind": (frame(3), 1002),
        "too long": (frame(BINARY, b"a" * 5000), 1009),
        "a close": (frame(CLOSE, b"\x03\xe8"), 1000),
        "a close that is none": (frame(CLOSE, b"\x03"), 1002),
        "a close with another code": (frame(CLOSE, b"\x00\x01"), 1002),
        "a close whose reason is no text": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        "many pings": (frame(PING) * 21, 1008),
        "many pongs": (frame(PONG) * 21, 1008),
        "text and many pings": (frame(TEXT, b"a") + frame(PING) * 1000, 1008),
    }
    got = {}
    for name, (sent, _) in closes.items():
        with watch(server) as client:
            client.send(sent)
            got[name] = client.read_close()
    assert got == {name: code for name, (_, code) in closes.items()}
    assert "Traceback" not in server.log


def test_twenty_pings_a_second_are_answered(server: ScoreboardServer) -> None:
    with watch(server) as client:
        deadline = time.monotonic() + 3
        answered = 0
        while time.monotonic() < deadline:
            began = time.monotonic()
            payload = str(answered).encode()
            client.send(frame(PING, payload))
            client.read_until(bytes([0x80 | PONG, len(payload)]) + payload)
            answered += 1
            while time.monotonic() < began + 0.05:
                pass
        assert answered > 20
        client.send(frame(CLOSE, b"\x03\xe8"))
        assert client.read_close() == 1000


@pytest.mark.parametrize(
    ("first", "more", "reads"),
    [
        (b"", frame(PING, b"x" * 125) * 500, False),
        (b"", frame(PONG) * 10_000, True),
        (frame(TEXT, fin=False), frame(CONTINUATION, fin=False) * 10_000, True),
        (b"", frame(TEXT, b"a") * 10_000, True),
    ],
    ids=["pings", "pongs", "empty continuations", "text"],
)
def test_a_flood_of_frames_holds_up_nobody_and_fills_nothing(
    first: bytes, more: bytes, reads: bool, server: ScoreboardServer
) -> None:
    with Bystander(server) as bystander, watch(server, buffer=0 if reads else 4096) as client:
        client.send(first)
        assert client.send_for(more, seconds=10)
    assert bystander.growth < 10 * MEBIBYTE
    assert bystander.longest_wait < LONGEST_WAIT
    assert "Traceback" not in server.log


def test_a_socket_that_is_closed_for_what_it_sent_is_a_line_with_its_address(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server = scoreboard_server(TRUSTED_PROXIES="1")
    with Client(server) as client:
        client.upgrade("GET /ws/scoreboard", "X-Forwarded-For: 192.0.2.7")
        client.read_until(b"scoreboardUpdate")
        client.send(frame(TEXT, b"\xff"))
        assert client.read_close() == 1007
    assert "scores.outcomes refused a socket with 1007 not_utf8 address=192.0.2.7" in server.log
