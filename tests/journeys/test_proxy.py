"""The proxy of compose.yaml, for real: a restart of one server costs its clients nothing."""

import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.servers import Caddy

pytestmark = pytest.mark.any_database

BODY = b'{"action": "daily-quiz"}'


class Node(BaseHTTPRequestHandler):
    """Two servers, of which the one that is asked first goes away with the request."""

    protocol_version = "HTTP/1.1"
    asked: list[bytes]

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(body)
        if len(self.asked) == 1:
            self.close_connection = True
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def nodes() -> Iterator[tuple[type[Node], list[int]]]:
    class Fresh(Node):
        asked: list[bytes] = []

    with ExitStack() as stack:
        yield Fresh, [stack.enter_context(serving(Fresh)) for _ in range(2)]


@contextmanager
def serving(handler: type[Node]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_an_update_that_a_stopping_server_took_is_asked_again_with_its_body(
    nodes: tuple[type[Node], list[int]],
) -> None:
    handler, ports = nodes
    with Caddy(ports) as caddy:
        trusted = ssl.create_default_context(cafile=str(caddy.authority))
        url = f"https://localhost:{caddy.port}/api/score/update"
        request = urllib.request.Request(url, BODY, {"Content-Type": "application/json"}, method="PATCH")
        with urllib.request.urlopen(request, timeout=20, context=trusted) as answer:
            assert (answer.status, answer.read()) == (200, BODY)
    assert handler.asked == [BODY, BODY]
