"""What both kinds of connection share: how long a reader may take nothing, and how one that is refused comes to its end."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest

from scores import metrics
from scores.http.context import client_address

logger = logging.getLogger("scores.outcomes")

Client = tuple[str, int] | None
Headers = Iterable[tuple[bytes, bytes]]

#: Who takes nothing of what is unsent for so long is let go.
READER_SECONDS = 60.0
#: Lingering close: after a refusal, read and drop up to this much for this long; with unread data the kernel would reset the
#: connection and lose the answer.
LINGER_SECONDS = 5.0
LINGER_BYTES = 16 * 1024 * 1024
#: How long a server that stops waits for one connection; less than serve's own timeout.
STOPPING_SECONDS = 6.0


@dataclass(frozen=True)
class EarlyRefusal:
    """Why a request does not reach the application, and what is answered: plain text, and the connection is closed."""

    status: int
    code: str
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        return f"{self.detail}\n".encode()

    def encode(self, default_headers: Headers) -> bytes:
        own = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(self.body)).encode()),
            (b"connection", b"close"),
        ]
        lines = [name + b": " + value for name, value in (*default_headers, *self.headers, *own)]
        first = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        return b"\r\n".join([first, *lines, b"", self.body])


class Connection(asyncio.Protocol):
    """Mixed into uvicorn's protocols, in front of them."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    client: Client

    #: Whether nothing is said or heard here any more.
    has_left = False
    _reader_timer: asyncio.TimerHandle | None = None
    _last_timer: asyncio.TimerHandle | None = None
    _thrown_away = 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self.watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.forget_reader()

    def watch_reader(self) -> None:
        """Give whoever reads READER_SECONDS to take something of what is unsent."""
        if self._reader_timer is None:
            unsent = self.transport.get_write_buffer_size()
            self._reader_timer = self.loop.call_later(READER_SECONDS, self._judge_reader, unsent)

    def forget_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _judge_reader(self, unsent: int) -> None:
        self._reader_timer = None
        left = self.transport.get_write_buffer_size()
        if left >= unsent > 0:
            self.transport.abort()
        elif left:
            self.watch_reader()

    def leave(self) -> None:
        """Say nothing more, and hear nothing of what is still said; close when the other side does, or soon."""
        if self.is_over():
            return
        self.has_left = True
        self.transport.resume_reading()
        self.transport.write_eof()
        self._end_by(LINGER_SECONDS)

    def is_over(self) -> bool:
        return self.has_left or self.transport.is_closing()

    def give_up_soon(self) -> None:
        """While the server stops: nobody may take longer, or uvicorn would end what still runs with a traceback."""
        self._end_by(STOPPING_SECONDS)

    def _end_by(self, seconds: float) -> None:
        if self._last_timer is not None:
            self._last_timer.cancel()
        self._last_timer = self.loop.call_later(seconds, self.transport.abort)

    def throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.transport.abort()

    def stop_timers(self) -> None:
        self.forget_reader()
        if self._last_timer is not None:
            self._last_timer.cancel()
            self._last_timer = None


def log_refusal(what: str, refusal: EarlyRefusal, client: Client, headers: Headers) -> None:
    """One line with the client's address, as for whatever else is refused, and counted; `headers` are those that came."""
    metrics.REFUSALS.labels(refusal.code).inc()
    address = find_address(client, headers)
    fields = {"status": refusal.status, "reason": refusal.code, "address": address}
    logger.info("refused %s with %d %s address=%s", what, *fields.values(), extra={"fields": fields})


def find_address(client: Client, headers: Headers) -> str:
    """The client's address by the rule for all requests, from what came of this one."""
    request = HttpRequest()
    hops = [value.decode("latin-1") for name, value in headers if name.lower() == b"x-forwarded-for"]
    request.META = {"REMOTE_ADDR": client[0] if client else "", "HTTP_X_FORWARDED_FOR": ",".join(hops)}
    return client_address(request)
