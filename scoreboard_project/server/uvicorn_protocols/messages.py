"""What of a request comes in, measured while it does: the head's size, and where the message stands."""

from enum import Enum

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scoreboard_project.server.uvicorn_protocols.connection import EarlyRefusal

#: A request's head, trailers included: so many fields, so many bytes.
HEAD_FIELDS = 100
HEAD_BYTES = 32 * 1024
SHORTEST_HEAD = len("GET  HTTP/1.1\r\n\r\n")

MALFORMED = EarlyRefusal(400, "malformed_request", "Invalid HTTP request received.")
HEAD_TOO_LARGE = EarlyRefusal(
    431,
    "header_too_large",
    f"A request has at most {HEAD_FIELDS} header fields, and {HEAD_BYTES // 1024} KiB of them.",
)


class Stage(Enum):
    """What of a message is coming in. The value: seconds it may take."""

    HEAD = 20.0
    BODY = 30.0


class MeasuredProtocol(HttpToolsProtocol):
    """uvicorn's own, but its parser stops at a head that is too large, and what follows a head adds nothing to it."""

    #: What of the present message comes in; None between two.
    stage: Stage | None = Stage.HEAD
    message = 0
    _fields = 0
    _head_bytes = SHORTEST_HEAD
    #: Bytes since the message began or its body last grew: head, trailers, chunk extensions, blank lines.
    bytes_outside_body = 0
    #: What is answered if the parser stops now.
    refusal = MALFORMED
    #: Requests that were handed to the application and have no whole answer yet.
    unanswered = 0

    def begin_message(self) -> None:
        self.stage = Stage.HEAD
        self.message += 1
        self._fields = self.bytes_outside_body = 0
        self._head_bytes = SHORTEST_HEAD

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.stage is None:
            self.begin_message()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._count(len(name) + len(value) + len(": \r\n"))
        # A trailer is none: what is decided by the head was decided before it came.
        if self.stage is Stage.HEAD:
            super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._fields > HEAD_FIELDS or self._head_bytes > HEAD_BYTES:
            self.refusal = HEAD_TOO_LARGE
            raise ValueError(HEAD_TOO_LARGE.detail)

    def on_headers_complete(self) -> None:
        self.bytes_outside_body = 0
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("RFC 9112, section 3.2: exactly one Host")
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        super().on_headers_complete()
        self.stage = Stage.BODY
        self.unanswered += 1

    def on_body(self, body: bytes) -> None:
        self.bytes_outside_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.stage = None
        if not self.parser.should_upgrade():
            super().on_message_complete()
