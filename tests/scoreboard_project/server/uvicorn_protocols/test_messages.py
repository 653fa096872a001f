"""How much of a request may come before the application sees it, and what of it counts as a header."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from scoreboard_project.server.uvicorn_protocols.messages import HEAD_BYTES, HEAD_FIELDS
from tests.support.raw import MEBIBYTE, Bystander, Client
from tests.support.servers import ScoreboardServer

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]
TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large"
CHUNKED = ("Content-Type: application/json", "Transfer-Encoding: chunked")
#: What a client may wait beside an attack; without bounds it was 2 to 6 s, now some 0.06.
LONGEST_WAIT = 1.5


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    return scoreboard_server(TRUSTED_PROXIES="1", LOGIN_ADDRESS_RATE="0")


def status_of(server: ScoreboardServer, request: bytes) -> str:
    """The first line of the answer; the connection ends by itself where that is not 200."""
    with Client(server) as client:
        client.send(request)
        head = client.read_head() if b"\r\n\r\n" in request else client.read_to_the_end().decode("latin-1")
        status = head.partition("\r\n")[0]
        assert status.endswith(" 200 OK") or "connection: close" in head
        return status


def head_of(size: int, *, fields: int = 0) -> bytes:
    """A good head of exactly so many bytes."""
    lines = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"".join(b"a: b\r\n" for _ in range(fields))
    return lines + b"x: " + b"y" * (size - len(lines) - len(b"x: \r\n\r\n")) + b"\r\n\r\n"


def test_a_head_has_at_most_a_hundred_fields_and_thirty_two_kibibytes(server: ScoreboardServer) -> None:
    sizes = {size: status_of(server, head_of(size)) for size in (1000, HEAD_BYTES, HEAD_BYTES + 1, 2 * HEAD_BYTES)}
    assert list(sizes.values()) == ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK", TOO_LARGE, TOO_LARGE]
    fields = [status_of(server, head_of(2000, fields=count - 2)) for count in (HEAD_FIELDS, HEAD_FIELDS + 1)]
    assert fields == ["HTTP/1.1 200 OK", TOO_LARGE]
    assert status_of(server, b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n") == TOO_LARGE


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"a:b\r\n" * 10_000),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nx: ", b"y" * 65536),
        (b"GET /", b"y" * 65536),
        (b"", b"\r\n" * 30_000),
        (b"POST /api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: ", b"y" * 65536),
        (b"POST /api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a:b\r\n" * 10_000),
        (b"POST /api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"y" * 65536),
        (b"POST /api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    ],
    ids=["fields", "field", "url", "empty lines", "trailer", "trailers", "extension", "chunk size"],
)  # fmt: skip
def test_a_head_without_an_end_holds_up_nobody_and_fills_nothing(
    start: bytes, more: bytes, server: ScoreboardServer
) -> None:
    with Bystander(server) as bystander, Client(server) as client:
        client.send(start)
        assert client.send_for(more, seconds=10)
        assert client.read_to_the_end().startswith(f"{TOO_LARGE}\r\n".encode())
    assert bystander.growth < 10 * MEBIBYTE
    assert bystander.longest_wait < LONGEST_WAIT
    assert "Traceback" not in server.log


def test_chunks_of_one_byte_hold_up_nobody(server: ScoreboardServer) -> None:
    def attack(_: int) -> None:
        with Client(server) as client:
            client.ask("POST /api/token", *CHUNKED)
            client.send_for(b"1\r\nx\r\n" * 20_000, seconds=3)

    with Bystander(server) as bystander, ThreadPoolExecutor(3) as pool:
        list(pool.map(attack, range(3)))
    assert bystander.longest_wait < LONGEST_WAIT


def test_a_trailer_is_no_header(server: ScoreboardServer) -> None:
    body = b"3\r\n{}x\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Request-ID: from-a-trailer\r\n\r\n"
    with Client(server) as client:
        client.ask("PATCH /api/score/update", "X-Forwarded-For: 192.0.2.7", *CHUNKED, body=body)
        head = client.read_head()
    assert head.startswith("HTTP/1.1 401 ")
    assert "from-a-trailer" not in head
    line = next(line for line in server.log.splitlines() if "refused PATCH" in line)
    assert line.endswith(" address=192.0.2.7")


@pytest.mark.parametrize("hops", ["192.0.2.7", "6.6.6.6, 192.0.2.7"])
def test_what_is_refused_before_the_application_is_logged_with_its_address(hops: str, server: ScoreboardServer) -> None:
    with Client(server) as client:
        client.ask("GET /", f"X-Forwarded-For: {hops}", "folded: 1\r\n 2")
        assert client.read_head().startswith("HTTP/1.1 400 ")
    assert "scores.outcomes refused a request with 400 malformed_request address=192.0.2.7" in server.log


def test_what_two_readers_could_understand_differently_is_refused(server: ScoreboardServer) -> None:
    bad = {
        "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
        "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "folded": b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\r\n 2\r\n\r\n",
        "nul": b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\x002\r\n\r\n",
        "space before colon": b"GET / HTTP/1.1\r\nHost: a\r\nx : 1\r\n\r\n",
        "line feeds alone": b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",
        "another version": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "another protocol": b"\x16\x03\x01\x02\x00\r\n\r\n",
        "no url": b"GET \x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    }  # fmt: skip
    assert {status_of(server, request) for request in bad.values()} == {"HTTP/1.1 400 Bad Request"}
    assert status_of(server, b"GET /healthz HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK"
    assert "Traceback" not in server.log
