"""Pages of ALLOWED_ORIGINS may use the API with their own tokens and read what it answers; no other page may."""

import json
from collections.abc import Callable
from http.client import HTTPResponse

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.http_client import BODY_LIMIT, JSON, ask, padded
from tests.support.servers import ScoreboardServer

pytestmark = [pytest.mark.any_database, pytest.mark.django_db(transaction=True)]
PAGE = {"Origin": "https://page.example"}
STRANGER = {"Origin": "https://stranger.example"}
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,idempotency-key",
}
UPDATE = "/api/score/update"


@pytest.fixture
def server(scoreboard_server: Callable[..., ScoreboardServer]) -> ScoreboardServer:
    return scoreboard_server(ALLOWED_ORIGINS="https://page.example,https://other.example")


def shared_headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders() if name.lower().startswith("access-control-")}


def expect_readable(response: HTTPResponse, status: int) -> None:
    assert response.status == status
    assert shared_headers(response) == {
        "access-control-allow-origin": "https://page.example",
        "access-control-expose-headers": "ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
    }
    assert "Origin" in ", ".join(response.headers.get_all("Vary") or [])


def test_a_preflight_names_what_a_client_needs_and_never_credentials(server: ScoreboardServer) -> None:
    response, content = ask(server, "OPTIONS", UPDATE, headers=PAGE | PREFLIGHT)
    assert (response.status, content) == (204, b"")
    assert shared_headers(response) == {
        "access-control-allow-origin": "https://page.example",
        "access-control-allow-methods": "GET, HEAD, POST, PATCH",
        "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID",
        "access-control-max-age": "600",
    }


def test_answers_and_refusals_of_every_layer_can_be_read(server: ScoreboardServer) -> None:
    Action.objects.create(slug="step", label="Step", points=10)
    good = JSON | {"Authorization": f"Bearer {access_token(make_player())}", "Idempotency-Key": "one"}
    expect_readable(ask(server, "PATCH", UPDATE, '{"action": "step"}', PAGE | good)[0], 200)
    expect_readable(ask(server, "PATCH", UPDATE, "{}", PAGE | JSON)[0], 401)
    expect_readable(ask(server, "GET", "/api/score/top", headers=PAGE)[0], 200)
    expect_readable(ask(server, "GET", "/api/schema", headers=PAGE)[0], 200)
    expect_readable(ask(server, "GET", "/.well-known/scoreboard-checkpoint", headers=PAGE)[0], 404)
    expect_readable(ask(server, "DELETE", UPDATE, headers=PAGE)[0], 405)
    expect_readable(ask(server, "POST", "/api/token", padded(BODY_LIMIT + 1), PAGE | JSON)[0], 413)


@pytest.mark.parametrize(
    "origin", ["https://stranger.example", "http://page.example", "https://page.example:8443", "null"]
)
def test_other_origins_get_no_leave(server: ScoreboardServer, origin: str) -> None:
    response, _ = ask(server, "OPTIONS", UPDATE, headers=PREFLIGHT | {"Origin": origin})
    assert (response.status, shared_headers(response)) == (401, {})
    response, _ = ask(server, "GET", "/api/score/top", headers={"Origin": origin})
    assert (response.status, shared_headers(response)) == (200, {})
    assert response.headers["Vary"] == "Origin"


def test_sandboxed_frames_may_use_api_and_socket_where_the_operator_says_so_and_send_no_forms(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server, frame = scoreboard_server(ALLOWED_ORIGINS="null,https://page.example"), {"Origin": "null"}
    response, _ = ask(server, "OPTIONS", UPDATE, headers=frame | PREFLIGHT)
    assert (response.status, shared_headers(response)["access-control-allow-origin"]) == (204, "null")
    response, _ = ask(server, "GET", "/api/score/top", headers=frame)
    assert (response.status, shared_headers(response)["access-control-allow-origin"]) == (200, "null")
    with connect(server.url.replace("http", "ws", 1) + "/ws/scoreboard", origin=Origin("null")) as socket:
        assert json.loads(socket.recv(timeout=10))["event"] == "scoreboardUpdate"
    assert shared_headers(ask(server, "GET", "/login", headers=frame)[0]) == {}
    form = frame | {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={'a' * 32}"}
    assert ask(server, "POST", "/login", f"csrfmiddlewaretoken={'a' * 32}&username=ada", form)[0].status == 403


def test_pages_that_know_cookies_are_shared_with_nobody(server: ScoreboardServer) -> None:
    for path in ("/", "/login", "/you", "/admin/", "/metrics"):
        assert shared_headers(ask(server, "GET", path, headers=PAGE)[0]) == {}


def test_the_client_module_is_for_every_site(server: ScoreboardServer) -> None:
    for module in ("scoreboard-client.js", "scoreboard-watch.js"):
        response, _ = ask(server, "GET", f"/static/scoreboard/{module}", headers=STRANGER)
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
