"""What Django would fail at in the middle of reading, or take seconds for: it is read in one form or not at all."""

from collections.abc import Callable

import psutil
import pytest

from scoreboard_project.server.request_headers import MOST_ESCAPES, UNKNOWN_CONTENT, read_content_type, read_cookies
from tests.support.http_client import ask
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

FORM = "application/x-www-form-urlencoded"
PART = b"--x\r\nContent-Disposition: form-data; x*;;x*0\r\n\r\nada\r\n--x--\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "application/json",
        "Application/JSON; Charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/merge-patch+json;",
        f"{FORM}; charset=utf-8",
        "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        'multipart/form-data; boundary="a b\'()+_,-./:=?"',
    ],
)
def test_what_everybody_reads_alike_stays_as_it_is(text: str) -> None:
    assert read_content_type(text) == text


ODD = [
    f"{FORM}; charset=latin-1",
    f"{FORM}; charset=UTF8",
    "text/plain; charset=zlib",
    "text/plain; charset=utf-8; charset=idna",
    "multipart/form-data; boundary=x; charset=undefined",
    "multipart/form-data; boundary*=zzz''x",
    "text/plain; x*;;x*0",
]


@pytest.mark.parametrize(
    "text",
    [
        *ODD,
        "",
        "json",
        "application/json, application/json",
        'text/plain; x="',
        "text/plain" + ";" * 1000,
        "text/plain" + "; " * 100 + "*",
        "text/pl\xe4in",
    ],
)
def test_what_is_called_otherwise_is_of_no_known_kind(text: str) -> None:
    assert read_content_type(text) == UNKNOWN_CONTENT


@pytest.mark.django_db(transaction=True)
def test_no_name_of_a_body_is_a_fault_of_ours(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server(READ_RATE="0", LOGIN_ADDRESS_RATE="0")
    for odd in ODD:
        named = {"Content-Type": odd}
        assert ask(server, "POST", "/login", b"username=%ff", named)[0].status == 403
        assert ask(server, "POST", "/api/token", b"{}", named)[0].status == 415
        assert ask(server, "GET", "/api/score/top?a=%ff", None, named)[0].status == 200
        assert ask(server, "GET", "/login?next=%ff", None, named)[0].status == 200
    assert ask(server, "POST", "/login", PART, {"Content-Type": "multipart/form-data; boundary=x"})[0].status == 400
    assert [line for line in server.log.splitlines() if " ERROR " in line or "Traceback" in line] == []


def test_cookies_of_so_many_escapes_and_not_one_more_are_read() -> None:
    text = 'messages="{}"'.format
    assert read_cookies(text(r"\054" * MOST_ESCAPES)) == text(r"\054" * MOST_ESCAPES)
    assert read_cookies(text(r"\054" * (MOST_ESCAPES + 1))) == ""


@pytest.mark.django_db(transaction=True)
def test_no_cookie_takes_long_to_read(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server()
    for path in ("/", "/api/score/update"):
        assert ask(server, "GET", path, None, {"Cookie": "a=b"})[0].status in {200, 405}
        before = cpu_seconds(server)
        ask(server, "GET", path, None, {"Cookie": 'a="{}"'.format(r"\0" * 15_000)})
        assert cpu_seconds(server) - before < 0.5


def cpu_seconds(server: ScoreboardServer) -> float:
    times = psutil.Process(server.process.pid).cpu_times()
    return times.user + times.system
