"""docs/security.md names tests that exist, and what it says about answers and passwords is so."""

import ast
import contextlib
import http.client
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings

from scores.http.logs import JSONFormatter, TextFormatter
from scores.models import Action
from tests.support.acting import make_player, read_problem
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED_TESTS = sorted(set(re.findall(r"tests/[\w/]+\.py::[\w:]+", DOCUMENT)))
MET, NOT_MET = DOCUMENT.split("## Applies, and is not met yet")
REQUIREMENT = re.compile(r"v5\.0\.0-\d{1,2}\.\d{1,2}\.\d{1,2}\b")


@pytest.fixture(autouse=True)
def _no_collected_files(settings: Settings) -> None:
    """Static files are served from where they lie; the folder of collected ones need not exist."""
    settings.STATIC_ROOT = None


def read_rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| v5.0.0-")]


def find_test(path: Path, names: list[str]) -> bool:
    """Whether the file defines this function, in this class if one is named."""
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for name in names:
        found = [
            node
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return isinstance(found[0], ast.FunctionDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("named", NAMED_TESTS)
def test_every_test_the_document_names_exists(named: str) -> None:
    path, *names = named.split("::")
    assert find_test(ROOT / path, names)


def test_every_requirement_that_is_met_names_its_tests_and_stands_in_one_table_only() -> None:
    rows = read_rows(MET)
    assert len(rows) > 40
    assert [row for row in rows if "`tests/" not in row.split("|")[3]] == []
    met, not_met = (REQUIREMENT.findall(" ".join(read_rows(text))) for text in (MET, NOT_MET))
    assert len(met + not_met) == len(set(met + not_met))


@pytest.mark.parametrize(
    "path", ["/", "/embed", "/login", "/admin/login/", "/api/score/top", "/api/docs", "/x", "/api/x"]
)
def test_every_answer_of_ours_has_the_headers_that_protect_it(db: None, path: str) -> None:
    headers = Client().get(path).headers
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    policy = set(headers["Content-Security-Policy"].split("; "))
    assert {"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= policy


def run_in_production(script: str, **variables: str) -> list[Any]:
    """What the script prints in a process with the settings of a public site, as JSON."""
    kept = {name: value for name, value in os.environ.items() if name not in {"HTTPS_ONLY", "DEBUG"}}
    own = {"ALLOWED_HOSTS": "testserver", "DJANGO_SETTINGS_MODULE": "scoreboard_project.settings", **variables}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import django, json\ndjango.setup()\n{script}"],
        cwd=ROOT,
        env=kept | own,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    printed: list[Any] = json.loads(done.stdout)
    return printed


def test_https_is_kept_to_where_nothing_else_is_said() -> None:
    script = """
from django.conf import settings
from django.test import Client
answer = Client().get("/healthz", secure=True)
redirect = Client().get("/login")
print(json.dumps([answer.headers["Strict-Transport-Security"], redirect.status_code, redirect.headers["Location"],
                  settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE]))
"""
    policy = "max-age=31536000; includeSubDomains"
    assert run_in_production(script) == [policy, 301, "https://testserver/login", True, True]


def test_a_form_from_elsewhere_is_refused(db: None) -> None:
    User.objects.create_user("ada", password="correct horse battery")
    client = Client(enforce_csrf_checks=True)
    form = {"username": "ada", "password": "correct horse battery"}
    assert client.post("/login", form).status_code == 403
    assert "sessionid" not in client.cookies


SEND_A_FORM = """
from django.conf import settings
from django.test import Client
def send(cookie, **headers):
    client = Client(enforce_csrf_checks=True)
    client.cookies[cookie] = "x" * 32
    form = {"username": "", "password": "", "csrfmiddlewaretoken": "x" * 32}
    headers = {"Host": "testserver", **headers}
    return client.post("/admin/login/", form, secure=True, headers=headers).status_code
own = {"Origin": "https://testserver"}
print(json.dumps([send(settings.CSRF_COOKIE_NAME, **own), send("csrftoken", **own),
                  send(settings.CSRF_COOKIE_NAME, Origin="https://partner.example")]))
"""


def test_a_page_that_may_use_the_api_may_not_send_our_forms() -> None:
    assert run_in_production(SEND_A_FORM, ALLOWED_ORIGINS="https://partner.example") == [200, 403, 403]
    assert run_in_production(SEND_A_FORM, FORM_ORIGINS="https://partner.example") == [200, 403, 200]


@pytest.mark.django_db(transaction=True)
def test_cookies_over_https_are_of_this_host_alone(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    User.objects.create_superuser("root", password="correct horse battery")
    server = scoreboard_server(HTTPS_ONLY="on", TRUSTED_PROXIES="1")
    secure = {"X-Forwarded-Proto": "https"}
    [csrf], page = ask(server, "GET", "/admin/login/", secure)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "username": "root", "password": "correct horse battery", "next": "/"}
    sent = {"Cookie": csrf.partition(";")[0], "Referer": f"{server.url.replace('http', 'https')}/", **secure}
    given, _ = ask(server, "POST", "/admin/login/", sent, form)
    [chosen], _ = ask(server, "GET", "/language?to=de&next=/", secure)
    cookies = {
        name: set(rest.split("; ")) for name, _, rest in (each.partition("=") for each in [csrf, chosen, *given])
    }
    assert set(cookies) == {"__Host-csrftoken", "__Host-language", "__Host-sessionid"}
    for parts in cookies.values():
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain=") for part in parts)


def ask(
    server: ScoreboardServer, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None = None
) -> tuple[list[str], str]:
    """The cookies that are set, and the page."""
    headers = headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
    address = server.url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request(method, path, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        return response.headers.get_all("Set-Cookie", []), response.read().decode()


def test_the_cookie_of_a_session_is_no_right_to_points(db: None) -> None:
    player = make_player("Ada")
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    client = Client()
    client.force_login(player.user)
    body = {"action": "daily-quiz"}
    response = client.patch("/api/score/update", body, "application/json", headers={"Idempotency-Key": "k"})
    read_problem(response, 401, "not_authenticated")
    player.refresh_from_db()
    assert (player.points, player.seq) == (0, 0)


@pytest.mark.parametrize("path", ["/", "/login", "/api/score/top", "/api/score/update", "/api/token"])
def test_trace_is_no_method_here(db: None, path: str) -> None:
    response = Client().generic("TRACE", path, headers={"X-Secret": "secret"})
    assert response.status_code in {401, 405}
    assert b"secret" not in response.content


@pytest.mark.parametrize("password", ["x7#kQ2!pd", "password123", "qwertyuiop", "1234567890"])
def test_a_short_or_common_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_a_long_password_of_any_composition_is_taken() -> None:
    validate_password("only small letters and spaces, but many of them, more than sixty-four")


def test_nobody_can_forge_a_log_line() -> None:
    forged = "ada\n2026-01-01T00:00:00.000Z ERROR scores forged\r\x1b[2K"
    record = logging.LogRecord("scores", logging.INFO, "", 0, "refused %s", (forged,), None)
    text = TextFormatter().format(record)
    assert len(text.splitlines()) == 1
    assert text.endswith(r"refused ada\n2026-01-01T00:00:00.000Z ERROR scores forged\r\x1b[2K")
    line = JSONFormatter().format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == f"refused {forged}"
