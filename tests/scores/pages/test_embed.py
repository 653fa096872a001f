"""The embed says what it shows and leads to the whole; the builder makes the HTML for it, where any site may show one."""

import html
import re

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from tests.support.acting import read_problem
from tests.support.board import place
from tests.support.boards import make_board, make_period, stand

pytestmark = pytest.mark.django_db
#: Of the list of boards, all of one moment.
BUILDER_QUERIES = 3 if connection.vendor == "postgresql" else 4


def read(path: str, status: int = 200, *, language: str = "en") -> str:
    answer = Client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == status, answer.content.decode()
    return " ".join(answer.content.decode().split())


def heading(page: str) -> str:
    [found] = re.findall(r"<h1>\s*<bdi>(.*?)</bdi>", page)
    return str(found)


def test_its_heading_says_how_many_rows_there_are() -> None:
    assert heading(read("/embed")) == "Top 10"
    assert heading(read("/embed?rows=3")) == "Top 3"
    assert heading(read("/embed?rows=3&title=Quiz+%3Cb%3E")) == "Quiz &lt;b&gt;"


def test_that_of_a_board_says_whose_rows_they_are() -> None:
    make_board("ever", label="Ever & more", span="all")
    assert heading(read("/embed?board=ever")) == "Ever &amp; more"
    assert heading(read("/embed?board=ever&rows=5")) == "Ever &amp; more · Top 5"


def test_it_has_as_many_rows_as_were_asked_for() -> None:
    for number in range(5):
        place(f"Player {number}", 100 - number)
    page = read("/embed?rows=3&theme=dark")
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r"Player \d</bdi>", body) == ["Player 0</bdi>", "Player 1</bdi>", "Player 2</bdi>"]
    assert 'data-embed="dark"' in page
    assert 'data-limit="3"' in page


def test_it_leads_to_the_full_board_in_a_page_of_its_own() -> None:
    make_board("ever", label="Ever", span="all")
    link = '<a href="{}" target="_blank" rel="noopener">The full board</a>'
    assert link.format("/") in read("/embed")
    assert link.format("/boards/ever") in read("/embed?board=ever")


@pytest.mark.parametrize("query", ["rows=2", "theme=purple", "utm_source=x", "title=a%0Ab", "rows=3&rows=4"])
def test_what_is_not_of_its_form_is_a_page_of_the_site_and_a_problem_for_scripts(query: str) -> None:
    page = read(f"/embed?{query}", 400)
    assert '<p class="code" aria-hidden="true"> 400 </p>' in page.replace("> 400 <", "> 400 <").replace(
        ">400<", "> 400 <"
    )
    read_problem(Client().get(f"/embed?{query}", headers={"Accept": "application/json"}), 400, "invalid_query")


def test_the_builder_is_not_there_while_no_site_may_show_an_embed() -> None:
    read("/embed/builder", 404)


@pytest.fixture
def _embeddable(settings: Settings) -> None:
    settings.EMBED_ORIGINS = ["https://friend.example"]


@pytest.mark.usefixtures("_embeddable")
def test_the_builder_shows_what_the_form_asks_for_and_its_html() -> None:
    board = make_board("daily", label="Daily")
    stand("Ada", make_period(board, "2026-11-27"), 10)
    make_board("off", enabled=False)
    page = read("/embed/builder?board=daily&theme=dark&rows=4&title=")
    assert re.findall(r'<option value="([^"]*)" selected>', page) == ["daily", "dark", "4"]
    assert ("https://friend.example" in page, 'value="off"' in page) == (True, False)
    [snippet] = re.findall(r'<code id="snippet">(.*?)</code>', page)
    assert html.unescape(snippet) == (
        '<iframe src="http://testserver/embed?board=daily&amp;theme=dark&amp;rows=4" title="Scoreboard" '
        'width="100%" height="392" style="border: 0; color-scheme: normal"></iframe>'
    )
    assert re.findall(r'<iframe id="preview" src="([^"]*)"', page) == ["/embed?board=daily&amp;theme=dark&amp;rows=4"]


@pytest.mark.usefixtures("_embeddable")
@pytest.mark.parametrize("boards", [1, 4])
def test_the_builder_asks_as_often_however_many_boards_there_are(
    boards: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(boards):
        make_board(f"board-{number}", label=f"Board {number}")
    with django_assert_num_queries(BUILDER_QUERIES):
        Client().get("/embed/builder")


@pytest.mark.usefixtures("_embeddable")
def test_the_builder_refuses_what_the_embed_would() -> None:
    read("/embed/builder?rows=2", 400)


@pytest.mark.usefixtures("_embeddable")
def test_the_builder_may_frame_the_site_s_own_pages_and_nobody_else_s() -> None:
    policy = Client().get("/embed/builder").headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.usefixtures("_embeddable")
def test_it_speaks_german() -> None:
    assert "So sieht es aus" in read("/embed/builder", language="de")


def test_it_speaks_the_language_that_its_address_names() -> None:
    for query, language in (("?lang=fr", "fr"), ("?lang=ar", "ar"), ("", "de")):
        assert f'<html lang="{language}"' in read(f"/embed{query}", language="de")
    read("/embed?lang=tlh", 400)
