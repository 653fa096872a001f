"""Answers on their way out: head and body in one piece where the body is at hand, and never a head that is kept back for nothing."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from scoreboard_project.server.uvicorn_protocols.answers import AnswerTransport

HEAD = b"HTTP/1.1 200 OK\r\n"
SHORT = [(b"content-length", b"2")]


class Wire(asyncio.Transport):
    """What was handed to the system, each time it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.calls.append(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


class Answering:
    """An answer to one request, message by message."""

    def __init__(self, method: str = "GET", *, keep_alive: bool = True, expects: bool = False) -> None:
        self.wire = Wire()
        logger = logging.getLogger("uvicorn.error")
        self.cycle = RequestResponseCycle(
            scope={"type": "http", "method": method},  # type: ignore[typeddict-item]
            transport=self.wire, flow=FlowControl(self.wire), logger=logger, access_logger=logger, access_log=False,
            default_headers=[], message_event=asyncio.Event(), expect_100_continue=expects, keep_alive=keep_alive,
            on_response=lambda: None,
        )  # fmt: skip
        self.cycle.transport = AnswerTransport(self.cycle)  # type: ignore[assignment]

    def say(self, message: Any) -> None:
        asyncio.run(self.cycle.send(message))

    def start(self, headers: list[tuple[bytes, bytes]], status: int = 200) -> None:
        self.say({"type": "http.response.start", "status": status, "headers": headers})

    def body(self, body: bytes, *, more: bool = False) -> None:
        self.say({"type": "http.response.body", "body": body, "more_body": more})


def test_a_head_and_its_body_are_one_call_of_the_system() -> None:
    answering = Answering()
    answering.start(SHORT)
    assert answering.wire.calls == []
    answering.body(b"ok")
    assert answering.wire.calls == [HEAD + b"content-length: 2\r\n\r\nok"]


def test_each_further_piece_of_a_body_is_a_call_of_its_own() -> None:
    answering = Answering()
    answering.start(SHORT)
    answering.body(b"o", more=True)
    answering.body(b"k")
    assert answering.wire.calls == [HEAD + b"content-length: 2\r\n\r\no", b"k"]


def test_the_head_of_what_is_made_while_it_is_sent_goes_out_at_once() -> None:
    answering = Answering()
    answering.start([])
    assert answering.wire.calls == [HEAD + b"transfer-encoding: chunked\r\n\r\n"]
    answering.body(b"ok", more=True)
    assert answering.wire.calls[1:] == [b"2\r\nok\r\n"]


@pytest.mark.parametrize(("method", "status", "headers"), [("HEAD", 200, SHORT), ("GET", 204, []), ("GET", 304, [])])
def test_a_head_that_no_body_follows_goes_out_at_once(
    method: str, status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    answering = Answering(method)
    answering.start(headers, status)
    assert len(answering.wire.calls) == 1
    answering.body(b"")
    assert b"".join(answering.wire.calls).endswith(b"\r\n\r\n")


def test_an_answer_that_fails_before_its_body_still_has_its_head_and_is_closed() -> None:
    answering = Answering()

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": SHORT})
        raise ValueError("the body could not be made")

    asyncio.run(answering.cycle.run_asgi(fail))
    assert answering.wire.calls == [HEAD + b"content-length: 2\r\n\r\n"]
    assert answering.wire.is_closed


def test_the_last_answer_of_a_connection_is_closed_behind_its_body() -> None:
    answering = Answering(keep_alive=False)
    answering.start(SHORT)
    answering.body(b"ok")
    assert answering.wire.calls == [HEAD + b"content-length: 2\r\nconnection: close\r\n\r\nok"]
    assert answering.wire.is_closed
    assert answering.cycle.transport.is_closing()


def test_who_waits_to_be_told_to_go_on_is_told_before_the_head() -> None:
    answering = Answering("PATCH", expects=True)
    answering.cycle.message_event.set()
    asyncio.run(answering.cycle.receive())
    assert answering.wire.calls == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    answering.start(SHORT)
    answering.body(b"ok")
    assert answering.wire.calls[1:] == [HEAD + b"content-length: 2\r\n\r\nok"]
