"""GET /api/score/top: one representation, and what a client that has it already is told."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.support.acting import read_problem

TOP = "/api/score/top"

pytestmark = pytest.mark.usefixtures("db", "no_traceback")


def get(condition: str | None = None) -> Any:
    return Client().get(TOP, headers={} if condition is None else {"If-None-Match": condition})


def test_an_empty_board_is_an_answer_that_may_be_kept_for_a_second() -> None:
    response = get()
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "public, max-age=1")
    assert (json.loads(response.content)["entries"], response.headers["ETag"][:1]) == ([], '"')


@pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", '"other", {tag}', '{tag},"other"', "*"])
def test_a_client_that_has_it_gets_no_body(condition: str) -> None:
    tag = get().headers["ETag"]
    response = get(condition.format(tag=tag))
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("condition", ['"other"', "", "{tag}x", "x{tag}", "garbage"])
def test_a_client_that_has_another_gets_the_whole(condition: str) -> None:
    assert get(condition.format(tag=get().headers["ETag"])).status_code == 200


def test_another_method_is_refused_and_the_right_ones_named() -> None:
    response = Client().post(TOP, {}, "application/json")
    read_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_reads_are_limited_per_address(settings: Settings) -> None:
    settings.READ_RATE = "1/d"
    client = Client()
    assert client.get(TOP, REMOTE_ADDR="192.0.2.1").headers["RateLimit-Policy"] == '"read";q=1;w=86400'
    read_problem(client.get(TOP, REMOTE_ADDR="::ffff:192.0.2.1"), 429, "rate_limited")
    assert client.get(TOP, REMOTE_ADDR="192.0.2.2").status_code == 200


def test_an_answer_without_a_body_uses_up_nothing_of_what_others_need(settings: Settings) -> None:
    settings.READ_RATE = "2/d"
    tag = get().headers["ETag"]
    for used in range(1, 21):
        answer = get(tag)
        assert (answer.status_code, answer.headers["RateLimit-Policy"]) == (304, '"read-unchanged";q=20;w=86400')
        assert answer.headers["RateLimit"].startswith(f'"read-unchanged";r={20 - used};t=')
    read_problem(get(tag), 429, "rate_limited")

    last = get()
    assert (last.status_code, last.headers["RateLimit"].split(";t=")[0]) == (200, '"read";r=0')
    read_problem(get(), 429, "rate_limited")
    settings.READ_RATE = None
    assert (get(tag).status_code, "RateLimit" in get(tag).headers) == (304, False)
