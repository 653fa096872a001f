"""What we add to uvicorn's connections: bounds on what a client may send and leave unread, frames encoded once for all viewers.

Each bound holds while the bytes come in, not after: a connection is read a part at a time, and others have their turn in between.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from scoreboard_project.server.uvicorn_protocols import handshakes
from scoreboard_project.server.uvicorn_protocols.answers import AnswerTransport
from scoreboard_project.server.uvicorn_protocols.connection import Connection, EarlyRefusal, log_refusal
from scoreboard_project.server.uvicorn_protocols.messages import HEAD_BYTES, HEAD_TOO_LARGE, MeasuredProtocol, Stage
from scoreboard_project.server.uvicorn_protocols.viewer import ViewerProtocol

__all__ = ["TimedProtocol", "ViewerProtocol"]

#: What is parsed at once, and how often before others have their turn.
PART_BYTES = 1024
PARTS_A_TURN = 16

NO_TUNNEL = EarlyRefusal(405, "method_not_allowed", "This is no proxy.", ((b"allow", b"GET"),))

#: Without an answer: whoever is that slow does not wait for one.
TOO_SLOW = EarlyRefusal(408, "request_timeout", "The request did not arrive in time.")


class PausedFlow(FlowControl):
    """uvicorn's own, but whoever wants to read on waits while it is paused."""

    is_paused = False

    def resume_reading(self) -> None:
        if not self.is_paused:
            super().resume_reading()


class TimedProtocol(Connection, MeasuredProtocol):
    """An HTTP connection: bounded heads, time limits, one request after the other, and an answer for whatever is refused."""

    flow: PausedFlow
    _timed: tuple[int, Stage] | None = None
    _timer: asyncio.TimerHandle | None = None
    #: What came and is not parsed yet, and when that goes on.
    _unparsed = memoryview(b"")
    _turn: asyncio.Handle | None = None
    #: What ends this connection once the requests before it are answered: a refusal, or becoming a socket.
    _end: Callable[[], None] | None = None
    #: The request that is being answered.
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = PausedFlow(transport)
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        if self._running is not None:  # uvicorn tells only the request that came last
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def _stop(self) -> None:
        self.stop_timers()
        self._unset_keepalive_if_required()
        self._unparsed, self._end = memoryview(b""), None
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        self._timer = self._turn = None

    # Reading

    def data_received(self, data: bytes) -> None:
        if self.has_left:
            self.throw_away(data)
            return
        self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
        if self._turn is None:
            self._read_on()

    def _read_on(self) -> None:
        """Parse a turn's worth of what came, and nothing behind a request that waits for the answer to the one before it."""
        self._turn = None
        parts = 0
        while self._unparsed and parts < PARTS_A_TURN and self._may_parse():
            part, self._unparsed = self._unparsed[:PART_BYTES], self._unparsed[PART_BYTES:]
            self._parse(part)
            parts += 1
        if self.is_over():
            return
        self._set_timer()
        if not self._may_parse():
            self._pause()
        elif len(self._unparsed):
            self._pause()
            self._turn = self.loop.call_soon(self._read_on)
        elif self.flow.is_paused:
            self._resume()

    def _may_parse(self) -> bool:
        return not (self.pipeline or self._end or self.is_over())

    def _pause(self) -> None:
        self.flow.is_paused = True
        self.flow.pause_reading()

    def _resume(self) -> None:
        self.flow.is_paused = False
        if not self.unanswered or len(self.cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()

    def _parse(self, part: memoryview) -> None:
        self._unset_keepalive_if_required()
        if self.stage is None:
            self.begin_message()
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(bytes(part[upgrade.args[0] :]) + bytes(self._unparsed))
        except httptools.HttpParserError:
            self._refuse(self.refusal)
        else:
            self.bytes_outside_body += len(part)
            if self.stage is not None and self.bytes_outside_body > HEAD_BYTES:
                self._refuse(HEAD_TOO_LARGE)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        # All that a cycle asks of one.
        cycle.transport = AnswerTransport(cycle)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    # Time

    def _set_timer(self) -> None:
        """Each stage of each message has its time, but for one that waits for the answer to the one before it."""
        timed = None if self.stage is None or self.pipeline or self._end else (self.message, self.stage)
        if timed == self._timed:
            return
        self._timed = timed
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(timed[1].value, self._cut, timed[1]) if timed else None

    def _cut(self, stage: Stage) -> None:
        if self.bytes_outside_body or stage is Stage.BODY:  # not one that never said a word
            log_refusal(f"a request at its {stage.name.lower()}", TOO_SLOW, self.client, self.headers or ())
        self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.watch_reader()

    def on_response_complete(self) -> None:
        self._running = None
        self.unanswered -= 1
        super().on_response_complete()
        if self.transport.is_closing():
            self.watch_reader()
        elif self._end is not None and not self.unanswered:
            end, self._end = self._end, None
            end()
        elif self.flow.is_paused and self._turn is None:
            self._turn = self.loop.call_soon(self._read_on)

    # Ends

    def shutdown(self) -> None:
        super().shutdown()
        self.give_up_soon()

    def _finish(self, end: Callable[[], None]) -> None:
        """End so, after the answers to the requests that came before."""
        if self.unanswered:
            self._end = end
        else:
            end()

    def _refuse(self, refusal: EarlyRefusal) -> None:
        log_refusal("a request", refusal, self.client, self.headers or ())
        self._unparsed = memoryview(b"")
        if self.stage is Stage.BODY:
            self._abandon(refusal)
        else:
            self._finish(lambda: self._answer(refusal))

    def _abandon(self, refusal: EarlyRefusal) -> None:
        """Answer a request whose body turned out to be none, instead of the application."""
        cycle = self.cycle
        if self.pipeline:
            self.pipeline.popleft()
            self.unanswered -= 1
            self._finish(lambda: self._answer(refusal))
        elif cycle.response_complete:
            self.leave()
        elif cycle.response_started:
            self.transport.abort()
        else:
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
            self._answer(refusal)

    def _answer(self, refusal: EarlyRefusal) -> None:
        self.transport.write(refusal.encode(self.server_state.default_headers))
        self.leave()

    # Upgrades

    def _upgrade(self, rest: bytes) -> None:
        """Become a socket where that is asked for in order; `rest` is what came behind the head."""
        method = self.parser.get_method()
        wanted = [
            token.strip().lower() for name, value in self.headers if name == b"upgrade" for token in value.split(b",")
        ]
        if method == b"CONNECT" and not wanted:
            self._refuse(NO_TUNNEL)
        elif b"websocket" not in wanted or self.parser.get_http_version() != "1.1":
            self._pass_over_upgrade(method, rest)
        elif refusal := handshakes.find_refusal(method, self.url, self.headers, rest):
            self._refuse(refusal)
        else:
            self._finish(self.handle_websocket_upgrade)

    def _pass_over_upgrade(self, method: bytes, rest: bytes) -> None:
        """Read the request anew without its wish: the parser takes a head that has one for the whole request.

        Java's client asks for HTTP/2 with every request, and the body of such a one would be taken for the next request.
        """
        head = handshakes.without_upgrade(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unparsed = memoryview(head + rest)

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        self._stop()
        viewer = self.transport.get_protocol()
        if self.flow.write_paused and isinstance(viewer, ViewerProtocol):
            viewer.pause_writing()  # nobody else tells it
        if self.flow.read_paused:
            self.transport.resume_reading()
        self.has_left = True
        # Parser and connection hold each other: without it both are free now, and not when the collector comes round.
        self.parser = None  # type: ignore[assignment]
