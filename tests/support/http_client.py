"""Asking a real server over HTTP, one connection each, and comparing what it answers."""

from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from scores.models import Score
from tests.support.acting import UPDATE, access_token
from tests.support.servers import ScoreboardServer

JSON = {"Content-Type": "application/json"}
#: Bytes; what is longer is refused.
BODY_LIMIT = 8 * 1024
#: The same update, left to the view by what answers in front of it.
VIEW = f"{UPDATE}?by=view"


def address(server: ScoreboardServer) -> tuple[str, int]:
    parts = urlsplit(server.url)
    return str(parts.hostname), int(parts.port or 0)


def ask(server: ScoreboardServer, method: str, path: str, body: object = None, headers: dict[str, str] | None = None):
    """The response, and its whole body."""
    connection = HTTPConnection(*address(server), timeout=30)
    connection.request(method, path, body, headers or {}, encode_chunked=isinstance(body, Iterator))  # type: ignore[arg-type]
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def padded(size: int) -> bytes:
    """A body of exactly this size, which is good JSON with wrong fields."""
    return b'{"username":"' + b"a" * (size - 15) + b'"}'


def bearer(player: Score, key: str | None = "first", **headers: str) -> dict[str, str]:
    """The headers of an update of this player."""
    keyed = {} if key is None else {"Idempotency-Key": key}
    return JSON | {"Authorization": f"Bearer {access_token(player)}"} | keyed | headers


def headers_of(response: HTTPResponse) -> Counter[tuple[str, str]]:
    """All but those that every answer has its own of."""
    own = {"x-request-id", "date", "ratelimit"}
    return Counter((name.lower(), value) for name, value in response.getheaders() if name.lower() not in own)
