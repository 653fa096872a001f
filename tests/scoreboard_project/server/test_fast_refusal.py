"""A refusal in front of Django is what a view would have said, logged and counted like every other."""

import json
import time

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from scoreboard_project.server.fast_refusal import observe, refuse
from scores.errors import Cooldown, RateLimited
from scores.http.counting import Usage
from tests.support.metrics import read_metrics

UPDATE = "/api/score/update"


def make_request() -> WSGIRequest:
    return RequestFactory().patch(UPDATE, REMOTE_ADDR="192.0.2.7", headers={"X-Request-ID": "mine-1"})


def count(series: str) -> float:
    return read_metrics(Client().get("/metrics").content.decode()).get(series, 0)


@pytest.mark.django_db
def test_it_is_a_problem_with_an_id_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    series = f'scoreboard_request_seconds_count{{route="{UPDATE[1:]}",status="4xx"}}'
    before = count(series)
    body, start = refuse(make_request(), Cooldown(retry_after=30), began=time.perf_counter())
    assert (start["type"], start["status"], json.loads(body)["code"]) == ("http.response.start", 429, "cooldown")
    assert {
        (b"x-request-id", b"mine-1"),
        (b"retry-after", b"30"),
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    } <= set(start["headers"])
    assert [record.getMessage() for record in caplog.records if record.name == "scores.outcomes"] == [
        f"refused PATCH {UPDATE} with 429 cooldown player=- address=192.0.2.7"
    ]
    assert count(series) == before + 1


def test_it_says_what_the_view_says_with_every_answer_and_where_the_limit_stands() -> None:
    learned = [(b"vary", b"Cookie"), (b"cache-control", b"public"), (b"content-type", b"application/json")]
    usage = Usage("player", "60/m", quota=60, used=61, seconds_left=12)
    _, start = refuse(
        make_request(), RateLimited(retry_after=12), began=time.perf_counter(), usage=usage, learned=learned
    )
    headers = dict(start["headers"])
    assert len(headers) == len(start["headers"])
    assert (headers[b"vary"], headers[b"cache-control"]) == (b"Cookie", b"no-store")
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"ratelimit"] == b'"player";r=0;t=12'
    assert headers[b"ratelimit-policy"] == b'"player";q=60;w=60'


@pytest.mark.django_db
def test_what_is_no_route_is_counted_under_none() -> None:
    series = 'scoreboard_request_seconds_count{route="none",status="4xx"}'
    before = count(series)
    observe("/nowhere", 404, time.perf_counter())
    assert count(series) == before + 1
