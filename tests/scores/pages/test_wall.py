"""The board for a wall: the whole top 10 without a script, and the code of its address."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from scores.pages.wall import draw_code
from tests.support.acting import read_problem
from tests.support.board import place
from tests.support.boards import NOON, make_board, make_period, stand

pytestmark = pytest.mark.django_db


def read(path: str, status: int = 200, *, language: str = "en") -> str:
    answer = Client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == status, answer.content.decode()
    return " ".join(answer.content.decode().split())


def test_it_is_complete_without_a_script() -> None:
    for number in range(11):
        place(f"Player {number}", 2000 - number)
    page = read("/wall")
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r'class="medal">(\d+)<.*?>(Player \d+)</bdi>.*?class="number">([\d,]+)<', body) == [
        (str(rank + 1), f"Player {rank}", f"{2000 - rank:,}") for rank in range(10)
    ]
    assert "<bdi>Top 10</bdi>" in page
    assert 'aria-label="To the board: testserver"' in page
    assert draw_code("http://testserver/") in page


def test_it_shows_the_current_period_of_a_board(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    board = make_board("daily", label="Daily <lap>")
    stand("Ada", make_period(board, "2026-11-27"), 10)
    stand("Ben", make_period(board, "2026-11-26"), 10)
    page = read("/wall?board=daily")
    assert "<bdi>Daily &lt;lap&gt;</bdi>" in page
    assert 'data-slug="daily" data-period=""' in page
    assert ("Ada</bdi>" in page, "Ben</bdi>" in page) == (True, False)
    assert draw_code("http://testserver/boards/daily") in page


def test_what_there_is_not_is_told_in_the_site_s_style() -> None:
    assert "Nothing here" in read("/wall?board=nowhere", 404)
    read("/wall?rows=3", 400)
    read_problem(Client().get("/wall?rows=3", headers={"Accept": "application/json"}), 400, "invalid_query")


def test_a_code_is_squares_alone_without_style_and_script() -> None:
    svg = draw_code("https://board.example/boards/a-b?x=1&y=<2>")
    assert set(re.findall(r"<(\w+)", svg)) == {"svg", "path"}
    assert set(re.findall(r"\s([\w-]+)=", svg)) <= {"viewBox", "transform", "fill", "stroke", "d"}
    assert draw_code("https://board.example/") != draw_code("https://board.example/boards")


def test_a_code_keeps_its_quiet_zone() -> None:
    """Four modules on each side (ISO/IEC 18004, 5.3.8)."""
    [size] = re.findall(r'viewBox="0 0 (\d+) \1"', draw_code("http://testserver/"))
    assert int(size) == 25 + 2 * 4


def test_it_is_offered_on_the_board_with_its_key() -> None:
    make_board("ever", label="Ever", span="all")
    assert '<a id="to-wall" href="/wall">For a screen on a wall</a>' in read("/")
    assert '<a id="to-wall" href="/wall?board=ever">For a screen on a wall</a>' in read("/boards/ever")
    assert "auch mit der Taste F" in read("/", language="de")
