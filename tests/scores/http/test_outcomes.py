"""The log: one line for each update and refusal, nothing else when all is well, and nothing in it that was not ours to say."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from scores.models import Action, Score
from tests.support.acting import access_token, make_player, make_receipt
from tests.support.servers import ScoreboardServer


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


def ask(server: ScoreboardServer, method: str, path: str, body: Any = None, **headers: str) -> int:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{server.url}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def read_lines(server: ScoreboardServer) -> list[dict[str, Any]]:
    """What the server said after the line that it listens; every line is an object, or the test fails."""
    first, *lines = [json.loads(line) for line in server.log.splitlines()]
    assert first["message"].startswith("listening ")
    return lines


def test_an_update_and_a_refusal_are_a_line_each_and_reads_are_none(
    ada: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(LOG_FORMAT="json")
    bearer = {"Authorization": f"Bearer {access_token(ada)}"}
    for path in ("/", "/embed", "/api/score/top", "/api/docs", "/static/scoreboard/board.js", "/readyz", "/metrics"):
        ask(server, "GET", path)
    assert ask(server, "GET", "/api/score/me", **bearer) == 200
    key = {"Idempotency-Key": "one", "X-Request-ID": "request-1"}
    assert ask(server, "PATCH", "/api/score/update", {"action": "daily-quiz"}, **bearer, **key) == 200
    assert (
        ask(server, "PATCH", "/api/score/update", {"action": "other"}, **bearer, **key | {"X-Request-ID": "r2"}) == 422
    )
    update, refusal = read_lines(server)
    assert {name: value for name, value in update.items() if name != "time"} == {
        "level": "INFO",
        "logger": "scores.outcomes",
        "request_id": "request-1",
        "message": f"awarded player={ada.pk} action=daily-quiz delta=10 score=10 seq=1 address=127.0.0.1",
        "player": str(ada.pk),
        "action": "daily-quiz",
        "delta": 10,
        "score": 10,
        "seq": 1,
        "address": "127.0.0.1",
    }
    assert (refusal["request_id"], refusal["status"], refusal["reason"], refusal["player"]) == (
        "r2",
        422,
        "idempotency_conflict",
        str(ada.pk),
    )


def test_no_secret_and_no_forged_line_gets_into_the_log(
    ada: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server()
    access, receipt, password = access_token(ada), make_receipt(ada, pts=10_000), "correct-horse-battery"
    bearer = {"Authorization": f"Bearer {access}", "Idempotency-Key": "a-key-of-the-player"}
    assert ask(server, "PATCH", "/api/score/update", {"receipt": receipt}, **bearer) == 422
    assert ask(server, "PATCH", "/api/score/update", {"action": "daily-quiz"}, **bearer) == 200
    assert ask(server, "PATCH", "/api/score/update", {"action": "x"}, Authorization=f"Bearer {access}x") == 401
    assert ask(server, "POST", "/api/token", {"username": "ada", "password": password}) == 401
    forged = "2026-01-01T00:00:00.000Z INFO scores.outcomes forged"
    # The server itself refuses control characters in headers; a path may hold them encoded.
    agent = {"User-Agent": "\xad%1B[2J", "X-Request-ID": "a b"}
    assert ask(server, "PATCH", "/api/score/update%0A%1B%5B2J" + forged.replace(" ", "%20"), {}, **agent) == 404
    assert ask(server, "PATCH", "/api/score/update", {"action": f"x\n{forged}"}, **bearer | agent) == 422
    said = server.log
    for secret in (access, receipt, password, "a-key-of-the-player"):
        assert secret not in said
    assert "\x1b" not in said
    # After the one that the server listens.
    lines = said.splitlines()[1:]
    assert [line for line in lines if line.startswith("2026-01-01")] == []
    assert len(lines) == 5
