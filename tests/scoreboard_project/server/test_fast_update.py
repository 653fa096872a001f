"""UpdateFastPath in front of Django: what the view would say, header for header, counted to the one, and everything odd left to it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.types import WSGIEnvironment

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections

from audit.models import AuditEntry, Refusal
from scoreboard_project.server.fast_path import PASS_TO_VIEW
from scoreboard_project.server.fast_update import UpdateFastPath
from scoreboard_project.server.wsgi_bridge import build_environ
from scores.models import Action, Score
from tests.support.acting import UPDATE, change_actions, make_player, make_receipt
from tests.support.chains import check_chain
from tests.support.http_client import VIEW, ask, bearer, headers_of
from tests.support.metrics import scrape
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[..., ScoreboardServer]


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


def act(server: ScoreboardServer, headers: dict[str, str], body: object = None, path: str = UPDATE) -> Any:
    """The response, and what it says."""
    response, content = ask(server, "PATCH", path, json.dumps(body or {"action": "daily-quiz"}), headers)
    return response, json.loads(content)


def left(response: Any) -> int:
    """What is left of the limit."""
    return int(response.headers["RateLimit"].split(";")[1][2:])


def test_it_says_what_the_view_says(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server()
    _, first = act(server, bearer(ada), path=VIEW)
    act(server, bearer(ada))  # by the view as well, whose headers are learned here
    by_view, said = act(server, bearer(ada), path=VIEW)
    answer, again = act(server, bearer(ada))
    assert again == said == first | {"replayed": True}
    assert (answer.status, headers_of(answer)) == (200, headers_of(by_view))
    assert (left(by_view), left(answer)) == (57, 56)

    answer, second = act(server, bearer(ada, "second", **{"X-Request-ID": "mine-2"}))
    assert (second["score"], second["entry"]["seq"], second["verified"], second["replayed"]) == (20, 2, False, False)
    assert answer.headers["X-Request-ID"] == "mine-2"
    _, again = act(server, bearer(ada, "second"), path=VIEW)
    assert again == second | {"replayed": True}
    _, proved = act(server, bearer(ada, None), {"receipt": make_receipt(ada)})
    assert (proved["score"], proved["verified"], proved["entry"]["seq"]) == (45, True, 3)
    check_chain(ada)


def test_what_is_kept_logged_and_counted_is_what_the_view_keeps(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server()
    sent = {"User-Agent": "quiz/1", "X-Request-ID": "mine-1"}
    act(server, bearer(ada, "by-the-view"))
    act(server, bearer(ada, "in-front", **sent))
    by_view, in_front = AuditEntry.objects.filter(player=ada.pk).order_by("seq")
    kept = dict(in_front.context or {})
    assert kept.keys() == (by_view.context or {}).keys()
    assert all(len(kept.pop(name)) == 32 for name in ("salt", "token"))
    assert kept == {"address": "127.0.0.1", "agent": "quiz/1", "request": "mine-1"}
    said = f"mine-1 awarded player={ada.pk} action=daily-quiz delta=10 score=20 seq=2 address=127.0.0.1"
    assert sum(line.endswith(said) for line in server.log.splitlines()) == 1
    counted = scrape(server)
    assert counted['scoreboard_updates_total{result="awarded"}'] == 2
    assert counted['scoreboard_request_seconds_count{route="api/score/update",status="2xx"}'] == 2


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.postgresql)])
def test_many_at_once_are_counted_to_the_one(workers: int, ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(workers=workers, SCORE_UPDATE_RATE="30/d")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda number: act(server, bearer(ada, f"key-{number}"))[0], range(60)))
    assert Counter(answer.status for answer in answers) == {200: 30, 429: 30}
    assert sorted(map(left, answers)) == [0] * 30 + list(range(30))
    assert AuditEntry.objects.filter(player=ada.pk).count() == 30
    check_chain(ada)


def test_a_limit_that_is_reached_is_said_as_by_the_view(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(SCORE_UPDATE_RATE="2/d")
    answers = [act(server, bearer(ada, str(number))) for number in range(4)]
    assert [(response.status, left(response)) for response, _ in answers] == [(200, 1), (200, 0), (429, 0), (429, 0)]
    assert answers[2][1]["code"] == "rate_limited"
    assert server.log.count("with 429 rate_limited") == 2
    by_view, said = act(server, bearer(ada, "4"), path=VIEW)
    differing = headers_of(answers[3][0]) - headers_of(by_view)
    assert (answers[3][1], {name for name, _ in differing} - {"retry-after"}) == (said, set())
    assert scrape(server)['scoreboard_request_seconds_count{route="api/score/update",status="4xx"}'] == 3
    wait_until(
        lambda: list(Refusal.objects.values_list("reason", "subject", "count")) == [("rate_limited", str(ada.pk), 3)],
        seconds=10,
        what="Writing the refusals",
    )


def test_nothing_is_awarded_over_plain_http_where_https_is_asked_for(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server(HTTPS_ONLY="on", TRUSTED_PROXIES="1")
    proxied = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}
    for number in range(3):
        answer, _ = act(server, bearer(ada, str(number), **proxied))
        assert (answer.status, "max-age" in answer.headers["Strict-Transport-Security"]) == (200, True)
        plain = bearer(ada, f"plain-{number}", **proxied | {"X-Forwarded-Proto": "http"})
        assert ask(server, "PATCH", UPDATE, '{"action": "daily-quiz"}', plain)[0].status == 301
    entries = AuditEntry.objects.filter(player=ada.pk)
    assert list(entries.values_list("context__address", flat=True)) == ["192.0.2.9"] * 3


@pytest.mark.postgresql
def test_a_player_who_is_held_holds_up_nobody_else(ada: Score, scoreboard_server: Start) -> None:
    server, grace = scoreboard_server(), make_player("Grace")
    act(server, bearer(ada, "learned-from"))
    answers: list[Any] = []
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
        waiting = threading.Thread(target=lambda: answers.append(act(server, bearer(ada, "held"))))
        waiting.start()
        began = time.monotonic()
        statuses = [act(server, bearer(grace, str(number)))[0].status for number in range(20)]
        assert (statuses, time.monotonic() - began < 1.5, answers) == ([200] * 20, True, [])
    waiting.join(10)
    [(answer, said)] = answers
    assert (answer.status, said["score"]) == (200, 20)
    check_chain(ada)


@pytest.mark.postgresql
def test_a_player_who_stays_held_is_refused_within_five_seconds(ada: Score, scoreboard_server: Start) -> None:
    server = scoreboard_server()
    act(server, bearer(ada, "learned-from"))
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
        began = time.monotonic()
        answer, said = act(server, bearer(ada, "held"))
        assert (answer.status, said["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")
        assert time.monotonic() - began < 5
    assert server.log.count("with 503 unavailable:queue") == 1
    assert AuditEntry.objects.filter(player=ada.pk).count() == 1


@pytest.mark.postgresql
def test_two_receipts_of_one_id_count_once_and_the_other_is_told(ada: Score, scoreboard_server: Start) -> None:
    server, grace = scoreboard_server(), make_player("Grace")
    act(server, bearer(ada, "learned-from"))

    def send(player: Score) -> int:
        return int(act(server, bearer(player, None), {"receipt": make_receipt(player, jti="j" * 32)})[0].status)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(send, [ada, grace])) == [200, 409]
    assert AuditEntry.objects.filter(ref__startswith="r:").count() == 1
    assert "Traceback" not in server.log


@pytest.mark.postgresql
def test_it_begins_with_the_first_answer_of_the_view(ada: Score) -> None:
    """In this process: before it has learned how the view answers, and for what is not plain, the view is asked."""
    headers = [(name.lower().encode(), value.encode()) for name, value in bearer(ada, "one", Host="localhost").items()]
    scope = {
        "type": "http", "http_version": "1.1", "method": "PATCH", "path": UPDATE, "query_string": b"", "scheme": "http",
        "headers": headers, "client": ("192.0.2.7", 4711),
    }  # fmt: skip
    environ = build_environ(scope, b'{"action": "daily-quiz"}')
    updates = UpdateFastPath()
    answer: Callable[[WSGIEnvironment], Any] = async_to_sync(updates.answer)
    assert answer(environ) is PASS_TO_VIEW
    updates.learn(environ, {"status": 422, "headers": [(b"x-refused", b"1")]})
    assert answer(environ) is PASS_TO_VIEW
    updates.learn(environ, {"status": 200, "headers": [(b"x-learned", b"1"), (b"content-length", b"1")]})
    body, start = answer(environ)
    assert (json.loads(body)["score"], start["status"]) == (10, 200)
    assert [value for name, value in start["headers"] if name == b"content-length"] == [str(len(body)).encode()]
    assert (b"x-learned", b"1") in start["headers"]
    change_actions(enabled=False)
    second = {**scope, "headers": [*headers[:-2], (b"idempotency-key", b"two"), headers[-1]]}
    body, start = answer(build_environ(second, b'{"action": "daily-quiz"}'))
    assert (json.loads(body)["code"], start["status"], (b"x-learned", b"1") in start["headers"]) == (
        "unknown_action",
        404,
        True,
    )
    assert answer(build_environ(second, b'{"action": 5}')) is PASS_TO_VIEW
    updates._batcher._thread.submit(connections.close_all).result()
