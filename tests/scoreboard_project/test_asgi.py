"""The application that servers run: HTTP is answered, one socket is open to viewers, and every other is denied."""

import json
import subprocess
import sys
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.test import override_settings

from audit.refusals import REFUSALS
from scoreboard_project.asgi import application
from scoreboard_project.server.asgi_types import Message
from tests.support.processes import ROOT

#: Prints what uvicorn asks of each connection, to know whether to put together a line for each of its answers.
ACCESS_LOG = """
import logging
from uvicorn import Config
config = Config("scoreboard_project.asgi:application", access_log=False, log_config=None)
config.load()
print(logging.getLogger("uvicorn.access").hasHandlers())
"""


def make_scope(kind: str, path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": kind, "http_version": "1.1", "method": "GET", "path": path, "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost"), *headers], "client": ("192.0.2.7", 4711), "subprotocols": [],
    }  # fmt: skip


@async_to_sync
async def ask(scope: dict[str, Any], *sent: Message) -> Message:
    """The first that it answers."""
    communicator = ApplicationCommunicator(application, scope)
    for message in sent:
        await communicator.send_input(message)
    answer: Message = await communicator.receive_output(5)
    if answer["type"] == "http.response.start":
        answer["body"] = (await communicator.receive_output(5))["body"]
    if answer["type"] == "websocket.close":
        await communicator.send_input({"type": "websocket.disconnect", "code": 1006})  # as a server says it then
    await communicator.wait(1)
    return answer


@pytest.fixture(autouse=True)
def _no_writer_of_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused here that it could write, and its thread would outlive the test."""
    monkeypatch.setattr(REFUSALS, "_writer", object())


def test_http_is_answered_in_this_process() -> None:
    answer = ask(make_scope("http", "/healthz"))
    assert (answer["status"], json.loads(answer["body"])) == (200, {"status": "ok"})


def test_a_page_of_another_origin_may_ask_where_it_is_allowed_to() -> None:
    origin = (b"origin", b"https://friend.example")
    with override_settings(ALLOWED_ORIGINS=["https://friend.example"]):
        headers = ask(make_scope("http", "/api/nowhere", origin))["headers"]
    assert (b"access-control-allow-origin", b"https://friend.example") in headers


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/", "/ws", "/ws/other", "/ws/scoreboard/", "/ws/boards/daily/"])
def test_a_socket_elsewhere_is_denied(path: str) -> None:
    answer = ask(make_scope("websocket", path), {"type": "websocket.connect"})
    assert answer["type"] == "websocket.close"


@pytest.mark.any_database
def test_so_is_the_socket_to_a_page_of_a_stranger() -> None:
    scope = make_scope("websocket", "/ws/scoreboard", (b"origin", b"https://stranger.example"))
    assert ask(scope, {"type": "websocket.connect"})["type"] == "websocket.close"


def test_loading_it_does_not_switch_an_access_log_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ACCESS_LOG], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
