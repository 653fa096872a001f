"""The top 10 in front of Django: what the view would say, header for header, limits counted to the one, and never stale."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError, connections
from prometheus_client import REGISTRY

from scoreboard_project.server import fast_top
from scoreboard_project.server.fast_path import PASS_TO_VIEW
from scoreboard_project.server.wsgi_bridge import build_environ
from scores.models import Action, Score
from tests.support.acting import access_token, make_player
from tests.support.http_client import JSON, ask, headers_of
from tests.support.metrics import scrape
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.django_db(transaction=True)
TOP = "/api/score/top"
UPDATE = "/api/score/update"
FAILURES = "scoreboard_fast_path_failures_total", {"route": TOP[1:]}
Start = Callable[..., ScoreboardServer]


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.create(slug="step", label="Step", points=10)
    return make_player()


def act(server: ScoreboardServer, player: Score, key: str) -> None:
    sent = JSON | {"Authorization": f"Bearer {access_token(player)}", "Idempotency-Key": key}
    assert ask(server, "PATCH", UPDATE, '{"action": "step"}', sent)[0].status == 200


def test_an_answer_of_nothing_new_is_counted_as_such_whoever_gives_it(scoreboard_server: Start) -> None:
    server = scoreboard_server()
    ask(server, "GET", TOP)
    for path in (f"{TOP}?by=view", TOP, TOP):
        assert ask(server, "GET", path, headers={"If-None-Match": "*"})[0].status == 304
    counted = scrape(server)
    assert counted['scoreboard_request_seconds_count{route="api/score/top",status="3xx"}'] == 3
    assert counted['scoreboard_request_seconds_count{route="api/score/top",status="2xx"}'] == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_cookie_that_no_page_would_take_is_nothing_to_it(method: str, scoreboard_server: Start) -> None:
    server = scoreboard_server()
    for path in (TOP, TOP, f"{TOP}?by=view"):
        assert ask(server, method, path, headers={"Cookie": r'theme="\000"'})[0].status == 200


def test_a_request_id_that_is_sane_comes_back(scoreboard_server: Start) -> None:
    server = scoreboard_server()
    sent = [{"X-Request-ID": name} for name in ("first-1", "second-2", "not\tsane")]
    assert [ask(server, "GET", TOP, headers=header)[0].headers["X-Request-ID"][:8] for header in sent][:2] == [
        "first-1",
        "second-2",
    ]
    assert len(ask(server, "GET", TOP, headers=sent[2])[0].headers["X-Request-ID"]) == 32


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.postgresql)])
def test_whoever_was_told_of_an_update_sees_it(workers: int, ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(workers=workers, SCORE_UPDATE_RATE="0")
    for turn in range(1, 21):
        act(server, ada, str(turn))
        entries = json.loads(ask(server, "GET", TOP)[1])["entries"]
        assert [entry["score"] for entry in entries] == [10 * turn]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.postgresql)])
def test_many_at_once_are_counted_to_the_one(workers: int, scoreboard_server: Start) -> None:
    server = scoreboard_server(workers=workers, READ_RATE="30/d")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ask(server, "GET", TOP)[0], range(60)))
    assert Counter(answer.status for answer in answers) == {200: 30, 429: 30}
    assert scrape(server)['scoreboard_request_seconds_count{route="api/score/top",status="4xx"}'] == 30
    left = sorted(int(answer.headers["RateLimit"].split(";")[1][2:]) for answer in answers)
    assert left == [0] * 30 + list(range(30))


def test_a_limit_that_is_reached_is_said_as_by_the_view(scoreboard_server: Start) -> None:
    server = scoreboard_server(READ_RATE="1/d")
    assert ask(server, "GET", TOP)[0].status == 200
    by_view, problem = ask(server, "GET", f"{TOP}?by=view")
    answer, content = ask(server, "GET", TOP)
    differing = headers_of(answer) - headers_of(by_view)
    # The pause gets shorter by the second.
    assert (answer.status, content, {name for name, _ in differing} - {"retry-after"}) == (429, problem, set())
    assert server.log.count("refused GET /api/score/top with 429 rate_limited player=- address=127.0.0.1") == 2


def test_the_count_is_one_with_that_of_the_other_reads(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(READ_RATE="3/d")
    for _ in range(2):
        assert ask(server, "GET", TOP)[0].status == 200
    me = {"Authorization": f"Bearer {access_token(ada)}"}
    assert ask(server, "GET", "/api/score/me", headers=me)[0].status == 200
    refused, problem = ask(server, "GET", TOP)
    assert (refused.status, json.loads(problem)["code"], int(refused.headers["Retry-After"]) > 0) == (
        429,
        "rate_limited",
        True,
    )


def test_answers_without_a_body_are_counted_apart(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(READ_RATE="4/d")
    tag = ask(server, "GET", TOP)[0].headers["ETag"]
    with ThreadPoolExecutor(20) as threads:
        conditions = [{"If-None-Match": tag}] * 40 + [{}] * 3
        answers = list(threads.map(lambda sent: ask(server, "GET", TOP, headers=sent)[0], conditions))
    assert Counter(answer.status for answer in answers) == {304: 40, 200: 3}
    left = sorted(int(answer.headers["RateLimit"].split(";")[1][2:]) for answer in answers)
    assert left == sorted([*range(40), *range(3)])
    for sent in ({"If-None-Match": tag}, {}):
        assert ask(server, "GET", TOP, headers=sent)[0].status == 429


def test_what_is_not_plain_is_left_to_the_view(scoreboard_server: Start) -> None:
    server = scoreboard_server()
    assert ask(server, "GET", TOP)[0].status == 200
    assert ask(server, "GET", TOP, headers={"Host": "stranger.example"})[0].status == 400
    head, content = ask(server, "HEAD", TOP)
    assert (head.status, content) == (200, b"")
    assert ask(server, "DELETE", TOP)[0].status == 405
    assert "Traceback" not in server.log


def test_nothing_is_read_over_plain_http_where_https_is_asked_for(scoreboard_server: Start) -> None:
    server = scoreboard_server(HTTPS_ONLY="on", TRUSTED_PROXIES="1")
    proxied = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    for _ in range(2):
        answer, _ = ask(server, "GET", TOP, headers=proxied)
        assert (answer.status, "max-age" in answer.headers["Strict-Transport-Security"]) == (200, True)
        assert ask(server, "GET", TOP, headers=proxied | {"X-Forwarded-Proto": "http"})[0].status == 301


@pytest.mark.parametrize(
    ("error", "has_traceback"), [(OperationalError("gone"), False), (TimeoutError(), False), (KeyError("a bug"), True)]
)
def test_a_look_that_fails_is_left_to_the_view_counted_and_logged(
    error: Exception, has_traceback: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> NoReturn:
        raise error

    monkeypatch.setattr(fast_top, "read_snapshot", fail)
    fast_path = fast_top.TopFastPath()
    scope = {"http_version": "1.1", "method": "GET", "path": TOP, "query_string": b"", "scheme": "http"}
    environ = build_environ(scope | {"headers": [(b"host", b"localhost")], "client": ("192.0.2.7", 4711)}, b"")
    fast_path.learn(environ, {"status": 200, "headers": []})
    before = REGISTRY.get_sample_value(*FAILURES) or 0
    assert async_to_sync(fast_path.answer)(environ) is PASS_TO_VIEW
    assert REGISTRY.get_sample_value(*FAILURES) == before + 1
    [record] = caplog.records
    assert (record.getMessage(), bool(record.exc_info)) == (f"GET top is left to the view: {error!r}", has_traceback)
    fast_path._batcher._thread.submit(connections.close_all).result()
