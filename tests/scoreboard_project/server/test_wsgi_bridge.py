"""HTTP as a client sees it on the wire: limits while reading, headers that pretend, methods without a body."""

import json
import re
import socket
from collections.abc import Callable
from typing import cast
from wsgiref.types import StartResponse, WSGIEnvironment

import psutil
import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from audit.models import AuditEntry, Refusal
from scoreboard_project.server import wsgi_bridge
from scoreboard_project.server.asgi_types import Message
from scoreboard_project.server.wsgi_bridge import build_environ
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.http_client import BODY_LIMIT, JSON, address, ask, padded
from tests.support.metrics import read_metrics, scrape
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.django_db(transaction=True)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    return scoreboard_server(LOGIN_ADDRESS_RATE="0")


@pytest.mark.parametrize(("size", "status"), [(BODY_LIMIT, 400), (BODY_LIMIT + 1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_eight_kibibytes_is_refused(
    size: int, status: int, chunked: bool, server: ScoreboardServer
) -> None:
    body = padded(size)
    headers = JSON | ({"Transfer-Encoding": "chunked"} if chunked else {})
    response, content = ask(
        server, "POST", "/api/token", iter([body[:5000], body[5000:]]) if chunked else body, headers
    )
    assert (response.status, json.loads(content)["status"]) == (status, status)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"]


def test_four_hundred_megabytes_do_not_grow_the_server(server: ScoreboardServer) -> None:
    process = psutil.Process(server.process.pid)
    ask(server, "GET", "/api/score/top")
    before = process.memory_info().rss
    with socket.create_connection(address(server), timeout=30) as client:
        client.sendall(
            b"POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b" " * MEBIBYTE + b"\r\n"
        most = before
        try:
            for _ in range(400):
                client.sendall(chunk)
                most = max(most, process.memory_info().rss)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may hang up on whoever goes on after its answer
    assert most - before < 20 * MEBIBYTE
    assert ask(server, "GET", "/healthz")[0].status == 200


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen(server: ScoreboardServer) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    headers = {**JSON, "Idempotency_Key": "one", "Authorization": f"Bearer {access_token(make_player())}"}
    response, content = ask(server, "PATCH", "/api/score/update", b'{"action": "daily-quiz"}', headers)
    assert (response.status, json.loads(content)["code"]) == (400, "idempotency_key_required")


def test_two_authorization_headers_are_none(server: ScoreboardServer) -> None:
    token = access_token(make_player())
    with socket.create_connection(address(server), timeout=30) as client:
        line = f"Authorization: Bearer {token}\r\n"
        client.sendall(
            f"PATCH /api/score/update HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{line}{line}Content-Length: 0\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'"code": "token_invalid"' in answer


def test_head_has_the_headers_of_get_and_no_body(server: ScoreboardServer) -> None:
    got, body = ask(server, "GET", "/api/score/top")
    head, nothing = ask(server, "HEAD", "/api/score/top")
    assert (head.status, nothing) == (200, b"")
    assert (head.headers["ETag"], int(head.headers["Content-Length"])) == (got.headers["ETag"], len(body))


@pytest.mark.parametrize(
    ("method", "path", "status", "headers"),
    [
        ("GET", "/api/score/top", 304, {"If-None-Match": "*"}),
        ("HEAD", "/api/score/top", 304, {"If-None-Match": "*"}),
        ("GET", "/static/scoreboard/board.css", 304, {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}),
        ("OPTIONS", "/api/score/top", 204, {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}),
    ],
)
def test_an_answer_that_has_no_content_says_no_length(
    method: str, path: str, status: int, headers: dict[str, str], scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(ALLOWED_ORIGINS="https://a.example")
    for _ in range(2):
        ask(server, "GET", path)
        response, content = ask(server, method, path, headers=headers)
        assert (response.status, response.headers["Content-Length"], content) == (status, None, b"")


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
def test_what_is_only_read_is_described_to_nobody_by_options(path: str, server: ScoreboardServer) -> None:
    response, _ = ask(server, "OPTIONS", path)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_django_takes_for_an_attack_is_one_line_and_no_traceback(
    log_format: str, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(LOG_FORMAT=log_format)
    assert ask(server, "GET", f"/api/docs?{'a=1&' * 1500}")[0].status == 400
    [line] = [line for line in server.log.splitlines() if "DATA_UPLOAD_MAX_NUMBER_FIELDS" in line]
    assert "WARNING" in line
    assert [line for line in server.log.splitlines() if "ERROR" in line or "Traceback" in line] == []


def test_files_stream_and_pages_come_whole(server: ScoreboardServer) -> None:
    response, content = ask(server, "GET", "/static/scoreboard/board.css")
    assert response.status == 200
    assert b"--" in content
    response, content = ask(server, "GET", "/")
    assert int(response.headers["Content-Length"]) == len(content)


def test_a_path_that_is_no_path_is_a_404_of_ours(server: ScoreboardServer) -> None:
    response, content = ask(server, "GET", "/api/%00%ff/..%2f", headers={"Accept": "application/json"})
    assert (response.status, json.loads(content)["code"]) == (404, "not_found")
    assert "Traceback" not in server.log


def assert_nothing_was_written() -> None:
    assert (AuditEntry.objects.count(), Refusal.objects.count()) == (0, 0)


def test_a_body_that_is_too_large_is_one_line_in_the_log_and_counted(server: ScoreboardServer) -> None:
    headers = JSON | {"X-Request-ID": "too-much-1"}
    response, content = ask(server, "PATCH", "/api/score/update", padded(BODY_LIMIT + 1), headers)
    assert (response.status, json.loads(content)["code"]) == (413, "payload_too_large")
    assert response.headers["X-Request-ID"] == "too-much-1"
    counted = scrape(server)
    assert counted['scoreboard_refusals_total{code="payload_too_large"}'] == 1
    assert counted['scoreboard_request_seconds_count{route="api/score/update",status="4xx"}'] == 1
    lines = re.findall(r"^\S+ (.* refused .*)$", server.log, re.MULTILINE)
    assert lines == [
        "INFO scores.outcomes too-much-1 refused PATCH /api/score/update with 413 payload_too_large player=- address=127.0.0.1"
    ]
    assert "Traceback" not in server.log
    assert_nothing_was_written()


@pytest.mark.parametrize(
    ("limit", "status", "code", "reason", "header"),
    [
        ("BODY_SECONDS", 408, "request_timeout", "request_timeout", (b"connection", b"close")),
        ("QUEUE_SECONDS", 503, "unavailable", "unavailable:queue", (b"retry-after", b"2")),
    ],
)
def test_what_takes_too_long_is_one_line_in_the_log_and_counted(
    limit: str, status: int, code: str, reason: str, header: tuple[bytes, bytes],
    client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """No body comes, or no thread is free, within no time at all."""
    monkeypatch.setattr(wsgi_bridge, limit, 0)
    series = f'scoreboard_refusals_total{{code="{code}"}}'
    before = read_metrics(client.get("/metrics").content.decode()).get(series, 0)
    start, body = async_to_sync(refused_by_the_bridge)(is_whole=status == 503)
    assert (start["status"], json.loads(body["body"])["code"]) == (status, code)
    assert {header, (b"x-request-id", b"slow-1"), (b"content-type", b"application/problem+json")} <= set(
        start["headers"]
    )
    assert read_metrics(client.get("/metrics").content.decode())[series] == before + 1
    line = (
        f"INFO scores.outcomes slow-1 refused PATCH /api/score/update with {status} {reason} player=- address=192.0.2.7"
    )
    assert [each.partition(" ")[2] for each in capfd.readouterr().err.splitlines()] == [line]
    assert_nothing_was_written()


def test_a_page_for_which_no_thread_is_free_is_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_bridge, "QUEUE_SECONDS", 0)
    start, body = async_to_sync(refused_by_the_bridge)(is_whole=True, path="/")
    assert start["status"] == 503
    assert {(b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"2")} <= set(start["headers"])
    assert body["body"].lstrip().startswith(b"<!DOCTYPE html>")


async def refused_by_the_bridge(*, is_whole: bool, path: str = "/api/score/update") -> tuple[Message, Message]:
    """What the bridge answers to an update, here in this process."""
    scope = {
        "type": "http", "http_version": "1.1", "method": "PATCH", "path": path, "query_string": b"",
        "scheme": "http", "headers": [(b"x-request-id", b"slow-1"), (b"content-length", b"2")], "client": ("192.0.2.7", 4711),
    }  # fmt: skip
    communicator = ApplicationCommunicator(wsgi_bridge.Bridge(get_wsgi_application()), scope)
    if is_whole:
        await communicator.send_input({"type": "http.request", "body": b"{}"})
    return await communicator.receive_output(5), await communicator.receive_output(5)


@pytest.mark.parametrize("lines", [[b"https", b"https"], [b"https", b"http"], [b"https,http"]])
def test_the_scheme_is_the_first_that_a_chain_of_proxies_saw(lines: list[bytes], settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = [(b"x-forwarded-proto", line) for line in lines]
    scope = {"method": "GET", "path": "/", "query_string": b"", "http_version": "1.1", "scheme": "http"}
    assert WSGIRequest(build_environ({**scope, "headers": headers}, b"")).is_secure()


def test_the_bridge_knows_whether_a_request_waits() -> None:
    """So that whoever sends to thousands of viewers can let go of the event loop meanwhile."""
    seen: list[bool] = []

    def handler(environ: WSGIEnvironment, start_response: StartResponse) -> HttpResponse:
        seen.append(bridge.has_waiting())
        start_response("200 OK", [])
        return HttpResponse()

    bridge = wsgi_bridge.Bridge(cast("WSGIHandler", handler))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "http_version": "1.1",
    }

    async def ask_twice() -> None:
        for _ in range(2):
            seen.append(bridge.has_waiting())
            request = ApplicationCommunicator(bridge, scope)
            await request.send_input({"type": "http.request"})
            assert (await request.receive_output())["status"] == 200
            await request.wait()

    async_to_sync(ask_twice)()
    assert seen == [False, True, False, True]
    assert bridge.has_waiting() is False
