"""The scoreboard feed for CTFtime: everybody of a period, kept as results are, and refused as the API refuses."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from scores.counting import plans
from scores.models import Period
from tests.support.acting import read_problem
from tests.support.boards import make_board, make_period, stand

pytestmark = pytest.mark.django_db
FEED = "/boards/days/{}/ctftime.json"


@pytest.fixture
def days() -> Period:
    plans.make_built_in()
    period = make_period(make_board("days"), "2020-11-27")
    stand("Ada", period, 7, 3)
    stand("Frozen", period, 9, hidden=True)
    return period


def read(client: Client, period: str) -> tuple[Any, bytes]:
    """The answer, and what it sends to its end."""
    answer: Any = client.get(FEED.format(period))
    body = b"".join(answer.streaming_content)
    return answer, body


def test_it_says_who_stands_where_since_when(days: Period, client: Client) -> None:
    answer, body = read(client, "2020-11-27")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {"standings": [{"pos": 1, "team": "Ada", "score": 7, "lastAccept": 1795780803}]}
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_the_present_period_may_be_kept_for_a_second(days: Period, client: Client) -> None:
    for period in ("current", "previous"):
        _, body = read(client, period)
        assert body == b'{"standings":[]}\n'
    assert read(client, "current")[0].headers["Cache-Control"] == "public, max-age=1"


def test_who_has_it_already_gets_it_not_again(days: Period, client: Client) -> None:
    first, _ = read(client, "2020-11-27")
    again = client.get(FEED.format("2020-11-27"), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, "Content-Type" in again.headers) == (304, b"", False)
    assert again.headers["ETag"] == first.headers["ETag"]


def test_its_head_says_how_long_it_is(days: Period, client: Client) -> None:
    _, body = read(client, "2020-11-27")
    head = client.head(FEED.format("2020-11-27"))
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(body)))


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/boards/nothing/current/ctftime.json", 404, "unknown_board"),
        ("/boards/off/current/ctftime.json", 404, "unknown_board"),
        ("/boards/days/yesterday/ctftime.json", 404, "unknown_period"),
        ("/boards/filling/current/ctftime.json", 503, "board_filling"),
        ("/boards/days/current/ctftime.json?limit=3", 400, "invalid_query"),
    ],
)
def test_what_is_not_there_is_a_problem(days: Period, client: Client, path: str, status: int, code: str) -> None:
    make_board("off", enabled=False)
    make_board("filling", filling=True)
    read_problem(client.get(path), status, code)


def test_it_counts_as_a_costly_read(days: Period, client: Client, settings: Settings) -> None:
    settings.READ_RATE = "20/m"
    answers = [read(client, "2020-11-27")[0] for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    read_problem(client.get(FEED.format("2020-11-27")), 429, "rate_limited")
    assert answers[0].headers["RateLimit-Policy"] == '"costly";q=2;w=60'


def test_nobody_sends_anything_to_it(days: Period, client: Client) -> None:
    assert client.post(FEED.format("current")).status_code == 405
