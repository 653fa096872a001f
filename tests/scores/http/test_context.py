"""What is known of a request: whose it is, as its proxies saw it, and the id by which the log knows it."""

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from pytest_django import Settings

from scoreboard_project.server.wsgi_bridge import build_environ
from scores.http.context import client_address
from tests.support.acting import update


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "garbage", "unknown"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "203.0.113.9:50000", "203.0.113.9"),
        (1, "198.51.100.1:1, [2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(
    proxies: int, forwarded: str, address: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == address


def test_the_lines_of_several_proxies_are_taken_together(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 2
    lines = [(b"x-forwarded-for", value) for value in (b"198.51.100.1", b"203.0.113.9:50000", b"10.0.0.1")]
    scope = {
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "headers": lines,
    }
    assert client_address(WSGIRequest(build_environ(scope, b""))) == "203.0.113.9"


QUIZ = {"action": "daily-quiz"}


@pytest.mark.parametrize("sent", ["request-1", "A.b_c-9", "x" * 64])
def test_a_sane_request_id_is_kept(token: str, sent: str) -> None:
    assert update(QUIZ, token=token, key="k", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\nb", "a\r\nSet-Cookie: a=b", "<script>", "a,b", "é"])
def test_another_request_id_is_replaced(token: str, sent: str) -> None:
    made = update(QUIZ, token=token, key="k", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert made != sent
    assert len(made) == 32
    assert set(made) <= set("0123456789abcdef")
