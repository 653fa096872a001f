"""The limit on pages: all that costs something is counted by address, probes never, and a neighbour's use is nobody's loss."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from tests.support.acting import make_player, read_problem

pytestmark = pytest.mark.usefixtures("db", "no_traceback")
PAGES = ("/", "/embed", "/login", "/logout", "/admin/", "/admin/login/", "/admin/jsi18n/", "/api/schema", "/api/docs")
BESIDES = ("/.well-known/scoreboard-checkpoint", "/healthz/", "/readyz2", "/metrics/x", "/api/score/", "/api/x", "/x")
PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture(autouse=True)
def _one_page_a_day(settings: Settings) -> None:
    settings.READ_RATE = "1/d"


def get(path: str, address: str = "192.0.2.1", **headers: str) -> Any:
    return Client(raise_request_exception=False).get(path, headers=headers, REMOTE_ADDR=address)


@pytest.mark.parametrize("path", [*PAGES, *BESIDES])
def test_a_page_too_many_is_a_page_that_says_when_to_come_back(path: str) -> None:
    first = get(path)
    assert first.status_code in {200, 302, 404, 405}
    assert first.headers["RateLimit-Policy"] == '"page";q=1;w=86400'
    refused = get(path, Accept="text/html")
    assert (refused.status_code, refused.headers["RateLimit"].partition(";t=")[0]) == (429, '"page";r=0')
    assert 1 <= int(refused.headers["Retry-After"]) <= 86_400
    if not path.startswith("/api"):
        assert refused.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Too many requests" in refused.content.decode()
    assert get(path, "192.0.2.2").status_code == first.status_code


def test_it_is_in_the_readers_language_and_protected_like_every_page() -> None:
    get("/")
    refused = get("/", **{"Accept-Language": "de"})
    assert "Zu viele Anfragen" in refused.content.decode()
    assert refused.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]
    assert refused.headers["Cache-Control"] == "no-store"


def test_a_script_gets_a_problem() -> None:
    get("/embed")
    read_problem(get("/embed", Accept="application/json"), 429, "rate_limited")
    read_problem(get("/api/schema"), 429, "rate_limited")


@pytest.mark.parametrize("path", PROBES)
def test_probes_are_never_limited(path: str) -> None:
    assert {get(path).status_code for _ in range(5)} == {200}


def test_pages_use_up_no_reads_and_reads_no_pages() -> None:
    assert [get("/").status_code for _ in range(3)] == [200, 429, 429]
    assert [get("/api/score/top").status_code for _ in range(3)] == [200, 429, 429]
    assert get("/api/score/top", "192.0.2.2").status_code == 200
    assert get("/", "192.0.2.2").status_code == 200


def test_static_files_are_not_pages() -> None:
    for _ in range(3):
        answer = get("/static/scoreboard/theme.js")
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content)
    assert get("/").status_code == 200


def test_whoever_is_signed_in_has_pages_of_their_own() -> None:
    ada, ben = Client(), Client()
    ada.force_login(make_player("Ada").user)
    ben.force_login(make_player("Ben").user)
    assert [get("/").status_code for _ in range(2)] == [200, 429]
    assert [ada.get("/", REMOTE_ADDR="192.0.2.1").status_code for _ in range(2)] == [200, 429]
    answer = ben.get("/", REMOTE_ADDR="192.0.2.1")
    assert (answer.status_code, answer.headers["RateLimit"].partition(";t=")[0]) == (200, '"page";r=0')


def test_the_limit_asks_the_database_for_nobody_who_is_below_it(settings: Settings) -> None:
    settings.READ_RATE = "100/d"
    client = Client()
    client.force_login(User.objects.create_user("ada"))

    def refuse(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        assert client.get("/api/docs").status_code == 200


def test_a_refused_page_is_a_line_in_the_log_and_in_the_histogram(caplog: pytest.LogCaptureFixture) -> None:
    get("/")
    caplog.clear()
    get("/")
    lines = [record.getMessage() for record in caplog.records if record.name == "scores.outcomes"]
    assert lines == ["refused GET / with 429 rate_limited player=- address=192.0.2.1"]
    counted = get("/metrics").content.decode()
    assert 'scoreboard_request_seconds_count{route="none",status="4xx"}' in counted


def test_nothing_is_counted_without_a_limit(settings: Settings) -> None:
    settings.READ_RATE = None
    answers = [get("/embed") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit" not in answers[0].headers


def test_whats_limited_by_itself_is_counted_once() -> None:
    answer = Client().post("/api/token", json.dumps({"username": "x", "password": "y"}), "application/json")
    assert "page" not in answer.headers["RateLimit"]


def test_the_desk_is_english_whoever_asks_and_the_pages_are_in_the_readers_language(settings: Settings) -> None:
    settings.READ_RATE = "100/m"
    client = Client(headers={"Accept-Language": "de"})
    login = client.get("/admin/login/")
    assert '<html lang="en"' in login.content.decode()
    assert "Log in" in login.content.decode()
    assert "Anmelden" not in login.content.decode()
    assert login.headers["Content-Language"] == "en"
    client.force_login(User.objects.create_superuser("root"))
    for path in (
        "/admin/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/password_change/",
        "/admin/nothing-here/",
    ):
        page = client.get(path).content.decode()
        assert '<html lang="en"' in page, path
        assert not {"Abmelden", "Passwort", "Benutzer", "Startseite", "Seite nicht"} & set(page.split()), path
    assert "Log out" in client.get("/admin/").content.decode()
    refused = client.post("/admin/login/", {"username": "root", "password": "wrong"}).content.decode()
    assert "Please enter the correct username and password" in refused
    assert '<html lang="de"' in client.get("/").content.decode()
    assert '<html lang="de"' in Client().get("/login", headers={"Accept-Language": "de"}).content.decode()


def test_desk_and_api_are_english_whatever_was_asked_for_or_answered_before(settings: Settings) -> None:
    settings.READ_RATE = None
    client = Client(headers={"Accept-Language": "ar"})
    assert 'lang="ar"' in client.get("/").content.decode()
    desk = client.get("/admin/login/")
    assert desk.headers["Content-Language"] == "en"
    assert 'lang="en' in desk.content.decode()
    for method, path in (("POST", "/api/token"), ("PATCH", "/api/score/update"), ("GET", "/api/boards?x=1")):
        client.get("/")
        answer = client.generic(method, path, "{}", "application/json")
        assert answer.status_code >= 400
        assert answer.content.isascii(), answer.content
