"""What a fast path is; `wsgi_bridge.Bridge` asks them first.

Shared by them: the headers that a view was seen to send, and whether Django would let a request through.
"""

from enum import Enum, auto
from typing import Final, Protocol
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from scoreboard_project.server.asgi_types import Headers, Message

#: The body of an answer and its start, as ASGI has it.
Response = tuple[bytes, Message]


class PassToView(Enum):
    """What a fast path gives where the answer is the view's."""

    PASS_TO_VIEW = auto()


PASS_TO_VIEW: Final = PassToView.PASS_TO_VIEW


class FastPath(Protocol):
    """Answers the plain requests of one route in front of Django, exactly as its view would.

    A view says so where it stands, and tests/scoreboard_project/server/test_fast_path*.py hold both to the same.
    """

    method: str
    path: str

    async def answer(self, environ: WSGIEnvironment) -> Response | PassToView:
        """Answer a request, or leave it to the view. Raises Refused for one that is answered with no more than that."""

    def learn(self, environ: WSGIEnvironment, start: Message) -> None:
        """Take note of how the view answered a request that was left to it."""


class LearnedHeaders:
    """What the view of a route says with every 200, by whether it came over HTTPS; `own` differs from answer to answer."""

    def __init__(self, *own: bytes) -> None:
        self._own = {*own, b"content-length", b"ratelimit", b"ratelimit-policy", b"x-request-id"}
        self._headers: dict[bool, Headers] = {}

    def get(self, *, secure: bool) -> Headers | None:
        return self._headers.get(secure)

    def learn(self, start: Message, *, secure: bool) -> None:
        if start["status"] != 200:
            return
        headers = [pair for pair in start["headers"] if pair[0] not in self._own]
        if not any(name == b"set-cookie" for name, _ in headers):
            self._headers[secure] = headers


def is_admissible(request: HttpRequest) -> bool:
    """Whether Django would let it through to a view: a Host of ours, over HTTPS where that is asked for."""
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return request.is_secure() or not settings.SECURE_SSL_REDIRECT
