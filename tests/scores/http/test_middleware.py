"""Every answer has an id and the form its client reads, whoever gave it."""

import gzip

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from scores.errors import RateLimited, Unavailable
from scores.http.middleware import PageCompression, RequestMiddleware, answer_refusal, wants_problem
from tests.support.acting import read_problem

JSON = "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "wanted"),
    [
        ("/api/score/top", BROWSER, True),
        ("/api/nowhere", "", True),
        ("/nowhere", BROWSER, False),
        ("/nowhere", "", False),
        ("/nowhere", JSON, True),
        ("/nowhere", "application/problem+json, */*", True),
        ("/nowhere", f"{JSON}, text/html", False),
    ],
)
def test_a_problem_is_for_who_reads_json_and_no_page(path: str, accept: str, wanted: bool) -> None:
    assert wants_problem(RequestFactory().get(path, headers={"Accept": accept})) is wanted


@pytest.mark.django_db
def test_what_nobody_answers_for_is_a_page_or_a_problem_and_has_an_id(client: Client) -> None:
    page = client.get("/nowhere", headers={"Accept": BROWSER, "X-Request-ID": "mine-1"})
    assert (page.status_code, page.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    assert page.headers["X-Request-ID"] == "mine-1"
    read_problem(client.get("/nowhere", headers={"Accept": JSON}), 404, "not_found")
    read_problem(client.get("/api/nowhere", headers={"Accept": BROWSER}), 404, "not_found")


def test_a_refusal_is_a_page_where_pages_are_read() -> None:
    request = RequestFactory().get("/", headers={"Accept": BROWSER})
    for refusal in (RateLimited(retry_after=7), Unavailable(retry_after=7)):
        page = answer_refusal(request, refusal)
        assert (page.status_code, page.headers["Content-Type"]) == (refusal.status, "text/html; charset=utf-8")
        assert page.headers["Retry-After"] == "7"
        assert page.content.lstrip().startswith(b"<!DOCTYPE html>")
    problem = answer_refusal(RequestFactory().get("/api/score/top"), RateLimited(retry_after=7))
    assert problem.headers["Content-Type"] == "application/problem+json"


def test_a_database_that_is_away_is_no_fault_of_ours() -> None:
    middleware = RequestMiddleware(lambda _: HttpResponse())
    request = RequestFactory().get("/", headers={"Accept": BROWSER})
    answer = middleware.process_exception(request, OperationalError("away"))
    assert answer is not None
    assert answer.status_code == 503
    assert middleware.process_exception(request, ZeroDivisionError()) is None


def test_pages_are_compressed_and_answers_with_strong_etags_are_not() -> None:
    def answer(path: str) -> HttpResponse:
        def get_response(request: HttpRequest) -> HttpResponse:
            return HttpResponse(b"x" * 1000, headers={"ETag": '"one"'})

        response = PageCompression(get_response)(RequestFactory().get(path, headers={"Accept-Encoding": "gzip"}))
        assert isinstance(response, HttpResponse)
        return response

    page, top = answer("/"), answer("/api/score/top")
    assert (page.headers["Content-Encoding"], gzip.decompress(page.content)) == ("gzip", b"x" * 1000)
    assert ("Content-Encoding" in top.headers, top.headers["ETag"], top.content) == (False, '"one"', b"x" * 1000)
