"""The pages of boards: what there is and who leads it, and a board in each of its periods, complete without a script."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from scores.models import Board, Standing
from tests.support.acting import read_problem
from tests.support.boards import NOON, main_period, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
TODAY, YESTERDAY = "2026-11-27", "2026-11-26"
IS_POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


@pytest.fixture
def daily() -> Board:
    return make_board("daily")


def read(path: str, status: int = 200, *, language: str = "en") -> str:
    """The page as one line, so that a sentence may be looked for however the template is broken into lines."""
    answer = Client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == status, answer.content.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return " ".join(answer.content.decode().split())


def without_tags(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def rows(html: str) -> list[tuple[str, str, str]]:
    """Rank, name and points of each row."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'class="medal">([\d,]+)<.*?<bdi[^>]*>(.*?)</bdi>.*?class="number">(-?[\d,]+)<', body)


def is_live(html: str) -> bool:
    """Whether the page goes on by itself where scripts run."""
    return re.search(r"<div id=\"board\"[^>]* data-live\b", html) is not None


def crowd(board: Board, day: str, number: int) -> list[Standing]:
    """So many players of a day, ten points apart."""
    period = make_period(board, day)
    return [stand(f"Player {place}", period, 10 * (number - place)) for place in range(number)]


def offered(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)</option>', html)


def test_the_list_has_every_board_with_its_period_and_leader(daily: Board) -> None:
    fastest = make_board("fastest", label="Fastest <lap>", rule="best", span="month", ascending=True)
    stand("Ada", main_period(), 70)
    stand("<b>Zoë</b>", make_period(daily, TODAY), 1234)
    stand("Ben", make_period(fastest, "2026-11"), 61_200)
    make_board("cup", label="Cup", span="season")
    make_board("growing", label="Growing", filling=True)
    make_board("off", enabled=False)
    html = read("/boards")
    listed = re.findall(
        r'<tr data-slug="([\w-]+)">.*?<bdi>(.*?)</bdi>.*?<span class="when">(.*?)</span>.*?'
        r'<td class="leader[^>]*>(.*?)</td> <td class="points">(.*?)</td>',
        html,
    )
    assert [tuple(map(without_tags, row)) for row in listed] == [
        ("main", "All time", "Since ever", "Ada", "70"),
        ("cup", "Cup", "No season now.", "Nobody yet", ""),
        ("daily", "Daily", "November 27, 2026 · ends November 28, 2026, 12:00 AM", "&lt;b&gt;Zoë&lt;/b&gt;", "1,234"),
        ("fastest", "Fastest &lt;lap&gt;", "November 2026 · ends December 1, 2026, 12:00 AM", "Ben", "61,200"),
        ("growing", "Growing", "Being made from the log.", "Nobody yet", ""),
    ]


def test_who_is_frozen_leads_no_board(daily: Board) -> None:
    stand("Ada", make_period(daily, TODAY), 9, hidden=True)
    assert "Ada" not in read("/boards")
    assert rows(read("/boards/daily")) == []


@pytest.mark.parametrize("path", ["/boards", "/boards/daily", "/boards/daily/2026-11-26"])
def test_any_number_of_boards_takes_a_literal_number_of_statements(daily: Board, path: str) -> None:
    stand("Ada", make_period(daily, TODAY), 9)
    counts = []
    for others in (0, 2):
        for number in range(others):
            stand(f"Player {number}", make_period(make_board(f"board-{number}"), TODAY), 7)
        with CaptureQueriesContext(connection) as queries:
            read(path)
        counts.append(len(queries))
    # Of the list: boards, periods, rows (SQLite asks for each board's count and rows). Of a board: itself, the period, its rows,
    # the periods to choose from, the one before and the one after.
    of_list = [3, 3] if IS_POSTGRESQL else [6, 10]
    of_board = [6, 6] if IS_POSTGRESQL else [7, 7]
    # Nobody was counted the day before: there are no rows to read.
    expected = {"/boards": of_list, "/boards/daily": of_board, "/boards/daily/2026-11-26": [5, 5]}
    assert counts == expected[path]


def test_a_day_has_its_rows_its_end_and_the_days_around(daily: Board) -> None:
    for day, score in (("2026-11-20", 5), (YESTERDAY, 7), (TODAY, 9)):
        stand(f"Of {day}", make_period(daily, day), score)
    html = read("/boards/daily")
    assert rows(html) == [("1", "Of 2026-11-27", "9")]
    assert '<h2 class="period-name">November 27, 2026</h2>' in html
    assert '<time datetime="2026-11-28T00:00:00.000000Z">November 28, 2026, 12:00 AM</time>' in html
    assert 'href="/boards/daily/2026-11-26"' in html
    assert 'class="later"' not in html
    assert '<link rel="canonical" href="/boards/daily">' in html
    html = read("/boards/daily/2026-11-26")
    assert rows(html) == [("1", "Of 2026-11-26", "7")]
    assert re.search(r'rel="prev" href="/boards/daily/2026-11-20"', html)
    assert re.search(r'rel="next" href="/boards/daily/2026-11-27"', html)
    assert 'value="2026-11-26" max="2026-11-27"' in html
    assert '<link rel="canonical" href="/boards/daily/2026-11-26">' in html


def test_a_name_is_shown_as_text_and_leads_to_its_player(daily: Board) -> None:
    standing = stand("<i>Eve</i> & Co", make_period(daily, TODAY), 9)
    html = read("/boards/daily")
    assert f'<a href="/players/{standing.player_id}"><bdi' in html
    assert ">&lt;i&gt;Eve&lt;/i&gt; &amp; Co</bdi>" in html
    assert "<i>Eve" not in html


def test_the_table_says_what_it_is_and_headings_are_in_order(daily: Board) -> None:
    html = read("/boards/daily")
    assert re.findall(r"<h(\d)", html) == ["1", "2", "2"]
    caption = re.search(r"<caption>(.*?)</caption>", html)
    assert caption
    assert without_tags(caption[1]) == "The players with the most points. Ties: whoever got there first is ahead."


def test_times_are_shown_as_they_are_the_least_first_with_the_longest_bar() -> None:
    fastest = make_period(make_board("fastest", rule="best", ascending=True, span="all"), "all")
    for name, score in (("Ada", 400), ("Ben", 100), ("Cleo", 0)):
        stand(name, fastest, score)
    html = read("/boards/fastest")
    assert rows(html) == [("1", "Cleo", "0"), ("2", "Ben", "100"), ("3", "Ada", "400")]
    assert "The fewest points come first. Ties:" in html
    Standing.objects.filter(points=0).delete()
    assert re.findall(r'<rect height="100%" width="(\d+)%">', read("/boards/fastest")) == ["100", "25"]


@pytest.mark.parametrize(
    ("span", "name", "sentence", "german"),
    [
        ("day", "current", "Nobody yet today.", "Heute noch niemand."),
        ("week", "current", "Nobody yet this week.", "Diese Woche noch niemand."),
        ("month", "current", "Nobody yet this month.", "Diesen Monat noch niemand."),
        ("year", "current", "Nobody yet this year.", "Dieses Jahr noch niemand."),
        ("all", "current", "Nobody has points yet.", "Noch hat niemand Punkte."),
        ("day", "2026-11-20", "Nobody took part.", "Niemand hat teilgenommen."),
        ("day", "2026-11-28", "This has not begun yet.", "Das hat noch nicht begonnen."),
    ],
)
def test_an_empty_period_says_so_in_a_sentence(span: str, name: str, sentence: str, german: str) -> None:
    make_board("quiz", span=span)
    assert sentence in read(f"/boards/quiz/{name}")
    assert german in read(f"/boards/quiz/{name}", language="de")


def test_a_fresh_day_is_what_comes_after_the_last_on_which_anybody_played(daily: Board) -> None:
    stand("Ada", make_period(daily, YESTERDAY), 7)
    html = read("/boards/daily/2026-11-26")
    assert re.search(r'rel="next" href="/boards/daily/2026-11-27"', html)
    assert 'href="/boards/daily/2026-11-26"' in read("/boards/daily")


def test_periods_are_called_as_people_call_them() -> None:
    weekly = make_board("weekly", span="week", zone="Europe/Berlin")
    for name in ("2026-W47", "2026-W48"):
        stand(f"Of {name}", make_period(weekly, name), 5)
    html = read("/boards/weekly")
    assert offered(html) == [("2026-W48", "Week 48, 2026"), ("2026-W47", "Week 47, 2026")]
    assert 'November 30, 2026, 12:00 AM</time> <span class="zone">Europe/Berlin</span>' in html
    assert '<time datetime="2026-11-29T23:00:00.000000Z">' in html
    html = read("/boards/weekly", language="de")
    assert "Woche 48, 2026" in html
    assert "30. November 2026, 00:00" in html


def test_a_form_without_a_script_leads_to_the_period_that_was_picked(daily: Board) -> None:
    answer = Client().get("/boards/daily?period=2026-11-26")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/boards/daily/2026-11-26")
    for period in ("", "a/b", "2026-11-26%00", "..", "ä"):
        assert Client().get(f"/boards/daily?period={period}").status_code in {400, 404}, period


def test_between_seasons_the_last_one_stands_and_before_the_first_there_is_none() -> None:
    league = make_board("league", span="season")
    assert "No page has this address" in read("/boards/league", 404)
    season = make_season(league, "spring", NOON - timedelta(days=90), NOON - timedelta(days=30))
    stand("Ada", season, 5)
    answer = Client().get("/boards/league")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/boards/league/spring")
    html = read("/boards/league/spring")
    assert rows(html) == [("1", "Ada", "5")]
    assert 'data-state="closed"' in html
    assert offered(html) == [("spring", "spring")]
    make_season(league, "autumn", NOON - timedelta(days=1), None)
    html = read("/boards/league/spring")
    assert re.search(r'rel="next" href="/boards/league/autumn"', html)
    assert 'class="to-current" href="/boards/league"' in html


def test_show_more_leads_on_to_the_last_row_without_a_script(daily: Board) -> None:
    crowd(daily, TODAY, 63)
    html = read("/boards/daily")
    shown = [rows(html)]
    while more := re.search(r'rel="next" href="(/boards/daily/2026-11-27\?after=[^"]+)"', html):
        html = read(more[1])
        assert not is_live(html)
        shown.append(rows(html))
    assert [len(page) for page in shown] == [10, 50, 3]
    assert [row for page in shown for row in page] == [
        (f"{place + 1}", f"Player {place}", f"{10 * (63 - place)}") for place in range(63)
    ]


def test_a_player_is_found_amid_the_others_and_marked(daily: Board) -> None:
    players = crowd(daily, TODAY, 40)
    html = read(f"/boards/daily/2026-11-27?around={players[20].player_id}")
    assert [row[1] for row in rows(html)] == [f"Player {place}" for place in range(16, 26)]
    assert re.findall(r'<tr data-player="([^"]+)"[^>]*class="sought">', html) == [str(players[20].player_id)]


def test_an_ended_day_stands_still_and_one_that_goes_on_is_live(daily: Board) -> None:
    make_period(daily, YESTERDAY)
    assert is_live(read("/boards/daily"))
    html = read("/boards/daily/2026-11-26")
    assert not is_live(html)
    assert "standing-still.js" not in html
    assert "Ended</span>" in html


def steps(html: str) -> list[tuple[str, str, str]]:
    """Rank, name and points of each step of the podium, in the order in which they are read out; nothing where it is hidden."""
    section = re.search(r'<section id="podium"([^>]*)>(.*?)<template', html)
    if section is None or re.search(r"\bhidden\b", section[1]):
        return []
    return re.findall(
        r'class="medal">([\d,]+)<.*?<a href="/players/[\w-]{36}"><bdi class="notranslate" translate="no" dir="auto">(.*?)</bdi>'
        r'</a> <span class="score">(-?[\d,]+)<',
        section[2],
    )


def test_an_ended_day_has_its_podium_in_the_order_of_the_board(daily: Board) -> None:
    period = make_period(daily, YESTERDAY)
    for name, score, seconds in (("<b>Late</b>", 1200, 9), ("First", 1200, 5), ("Third", 7, 0), ("Fourth", 6, 0)):
        stand(name, period, score, seconds)
    html = read("/boards/daily/2026-11-26")
    assert steps(html) == [("1", "First", "1,200"), ("2", "&lt;b&gt;Late&lt;/b&gt;", "1,200"), ("3", "Third", "7")]
    assert html.index('id="podium"') < html.index("<table")
    assert 'data-state="closed"' in html
    assert "Siegerpodest" in read("/boards/daily/2026-11-26", language="de")


def test_a_podium_has_as_many_steps_as_there_are_players(daily: Board) -> None:
    for players, day in enumerate(("2026-11-20", "2026-11-21", "2026-11-22")):
        period = make_period(daily, day)
        for place in range(players):
            stand(f"Player {place} of {day}", period, 10 - place)
        assert len(steps(read(f"/boards/daily/{day}"))) == players
    # Nobody can come to it any more.
    assert 'id="podium"' not in read("/boards/daily/2026-11-20")


def test_only_a_period_that_has_ended_has_a_podium_and_only_beside_its_top(
    daily: Board, turn_clock: Callable[[datetime], None]
) -> None:
    first, *_ = crowd(daily, TODAY, 12)
    for path in ("/boards/daily", "/boards/daily/2026-11-28", "/boards/main"):
        assert steps(read(path)) == [], path
    assert 'id="podium"' not in read("/boards/main")

    turn_clock(datetime(2026, 11, 28, 0, 0, 10, tzinfo=UTC))
    html = read("/boards/daily/2026-11-27")
    assert [name for _, name, _ in steps(html)] == ["Player 0", "Player 1", "Player 2"]
    # It may still change, and so the page goes on and says so.
    assert is_live(html)
    assert re.search(r'<section id="podium"[^>]* data-state="closing"', html)

    turn_clock(datetime(2026, 11, 28, 0, 1, tzinfo=UTC))
    assert len(steps(read("/boards/daily/2026-11-27"))) == 3
    assert steps(read(f"/boards/daily/2026-11-27?around={first.player_id}")) == []


def test_on_a_board_of_times_the_least_is_the_winner() -> None:
    fastest = make_period(make_board("fastest", rule="best", ascending=True), YESTERDAY)
    for name, score in (("Ada", 400), ("Ben", 100)):
        stand(name, fastest, score)
    assert steps(read(f"/boards/fastest/{YESTERDAY}")) == [("1", "Ben", "100"), ("2", "Ada", "400")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/boards/nothing", 404),
        ("/boards/off", 404),
        ("/boards/Daily", 404),
        ("/boards/daily%00", 404),
        ("/boards/daily/2026-02-30", 404),
        ("/boards/daily/yesterday", 404),
        ("/boards/daily/2026-W48", 404),
        ("/boards/daily/", 404),
        ("/boards/daily?after=", 400),
        ("/boards/daily?after=x", 400),
        ("/boards/daily?around=x", 400),
        (f"/boards/daily?around={UUID(int=7)}", 404),
    ],
)
def test_what_there_is_not_is_a_page_that_says_so(daily: Board, no_traceback: None, path: str, status: int) -> None:
    make_board("off", enabled=False)
    heading = {404: "Nothing here", 400: "That request made no sense"}
    assert heading[status] in read(path, status)


def test_a_cursor_of_another_day_is_refused(daily: Board) -> None:
    crowd(daily, YESTERDAY, 12)
    make_period(daily, TODAY)
    more = re.search(r"\?after=([^\"]+)", read("/boards/daily/2026-11-26"))
    assert more
    read(f"/boards/daily/2026-11-27?after={more[1]}", 400)


def test_a_board_that_is_being_filled_asks_for_patience(daily: Board, no_traceback: None) -> None:
    Board.objects.filter(pk=daily.pk).update(filling=True)
    assert "This board is being made" in read("/boards/daily", 503)
    assert "Diese Tafel entsteht gerade" in read("/boards/daily", 503, language="de")
    answer = Client().get("/boards/daily", headers={"Accept": "application/json"})
    read_problem(answer, 503, "board_filling")


def test_while_the_database_is_away_the_pages_say_that_it_is_our_fault(daily: Board) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        for path in ("/boards", "/boards/daily"):
            assert "That is our fault" in read(path, 503)


def test_pages_are_kept_by_nobody_and_only_read(daily: Board) -> None:
    for path in ("/boards", "/boards/daily"):
        assert "no-store" in Client().get(path).headers["Cache-Control"]
        assert Client().post(path).status_code == 405


def test_pages_are_limited_by_address(daily: Board, settings: Settings) -> None:
    settings.READ_RATE = "2/d"
    client = Client()
    assert [client.get("/boards/daily").status_code for _ in range(3)] == [200, 200, 429]
