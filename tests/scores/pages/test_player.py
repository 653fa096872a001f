"""A player's page and the search for one: what everybody may know, and nothing more."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from scores.models import Board, Score
from tests.support.acting import make_player
from tests.support.boards import NOON, main_period, make_board, make_period, stand
from tests.support.chains import award_at

pytestmark = pytest.mark.django_db
TODAY, YESTERDAY = "2026-11-27", "2026-11-26"
ADDRESS, AGENT = "198.51.100.77", "Telltale/1.0"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


def read(path: str, status: int = 200, *, language: str = "en") -> str:
    """The page as one line."""
    answer = Client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == status, answer.content.decode()
    return " ".join(answer.content.decode().split())


def without_tags(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def facts(html: str) -> dict[str, str]:
    return {name: without_tags(value) for name, value in re.findall(r"<dt>(.*?)</dt> <dd>(.*?)</dd>", html)}


def listed(html: str) -> list[tuple[str, ...]]:
    """The cells of each row of the table."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        tuple(map(without_tags, re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)))
        for row in re.findall(r"<tr>(.*?)</tr>", body)
    ]


@pytest.fixture
def ada() -> Score:
    """30 points since 50 days, 20 more since an hour: second of three."""
    player = make_player("Ada <3")
    award_at(player, NOON - timedelta(days=50), 30, address=ADDRESS, agent=AGENT)
    award_at(player, NOON - timedelta(hours=1), 20, address=ADDRESS, agent=AGENT)
    award_at(make_player("Ben"), NOON, 70)
    award_at(make_player("Cleo"), NOON, 10)
    return player


@pytest.fixture
def daily(ada: Score) -> Board:
    """First of yesterday, second of today."""
    daily = make_board("daily")
    for day, mine, theirs in ((YESTERDAY, 9, 5), (TODAY, 20, 21)):
        period = make_period(daily, day)
        stand(ada, period, mine)
        stand(f"Rival of {day}", period, theirs)
    return daily


def test_a_player_has_ranks_points_and_standings(ada: Score, daily: Board) -> None:
    html = read(f"/players/{ada.pk}")
    assert "<title> Player · Scoreboard </title>" in html
    assert facts(html) == {"Rank now": "2", "Points": "50", "Best rank": "1 Daily, November 26, 2026"}
    assert listed(html) == [("All time All time", "2", "50"), ("Daily November 27, 2026", "2", "20")]
    assert f'href="/boards/daily/2026-11-27?around={ada.pk}"' in html
    assert re.findall(r"<h(\d)", html) == ["1", "2", "2", "2"]
    assert "Ada <3" not in html


def test_the_best_rank_is_the_present_one_where_none_was_better(ada: Score) -> None:
    assert facts(read(f"/players/{ada.pk}"))["Best rank"] == "2 All time, All time"


def test_the_pictures_say_in_words_what_they_show(ada: Score) -> None:
    html = read(f"/players/{ada.pk}")
    assert re.findall(r'<svg[^>]*role="img" aria-labelledby="(\w+-title) (\w+-description)">', html) == [
        ("gain-title", "gain-description"),
        ("points-title", "points-description"),
    ]
    assert re.findall(r"<title id=[^>]*>(.*?)</title><desc id=[^>]*>(.*?)</desc>", html) == [
        ("Points gained in the last 24 hours", "+20 points in the last 24 hours."),
        ("Points over the last 90 days", "From 30 points on October 8, 2026 to 50."),
    ]
    assert "+20 Punkte in den letzten 24 Stunden." in read(f"/players/{ada.pk}", language="de")


def test_nothing_says_where_a_player_came_from(ada: Score) -> None:
    html = read(f"/players/{ada.pk}") + read("/players?name=ada")
    for secret in (ADDRESS, AGENT, ada.user.get_username(), ada.head):
        assert secret not in html


def test_of_who_is_frozen_nothing_is_said_but_that_there_is_no_rank(ada: Score, daily: Board) -> None:
    Score.objects.filter(pk=ada.pk).update(frozen=True)
    main_period().standings.filter(player=ada).update(hidden=True)
    daily.periods.get(name=TODAY).standings.filter(player=ada).update(hidden=True)
    html = read(f"/players/{ada.pk}")
    assert "No rank on any board." in html
    assert (facts(html), listed(html), "<svg" in html, "50" in without_tags(html)) == ({}, [], False, False)


def test_who_has_no_points_is_told_like_who_is_frozen() -> None:
    newcomer = make_player("New")
    html = read(f"/players/{newcomer.pk}")
    assert "No rank on any board." in html
    assert (facts(html), "<svg" in html) == ({}, False)


@pytest.mark.parametrize("name", [str(UUID(int=7)), "x", "x" * 300, "ADA", "..", "%00", f"{{{UUID(int=7)}}}"])
def test_an_unknown_player_is_a_page_that_is_not_there(name: str, no_traceback: None) -> None:
    assert "Nothing here" in read(f"/players/{name}", 404)


def test_one_player_has_one_address(ada: Score) -> None:
    read(f"/players/{str(ada.pk).upper()}", 404 if any(map(str.isalpha, str(ada.pk))) else 200)


def test_a_player_takes_the_same_few_statements_for_any_number_of_boards(ada: Score) -> None:
    counts = []
    for number in range(3):
        stand(ada, make_period(make_board(f"board-{number}"), TODAY), 7)
        with CaptureQueriesContext(connection) as queries:
            assert len(listed(read(f"/players/{ada.pk}"))) == number + 2
        counts.append(len(queries))
    # The score, the boards, the standings with their ranks, the last day, the last 90 days.
    assert counts == [5, 5, 5]


def test_a_search_finds_by_any_part_of_the_name_and_links_to_the_player(ada: Score) -> None:
    zoe = make_player("Zoë Müller")
    html = read("/players?name=MULL")
    assert listed(html) == [("Zoë Müller", "–", "–")]
    assert f'href="/players/{zoe.pk}"' in html
    html = read("/players?name=%3C3")
    assert listed(html) == [("Ada &lt;3", "2", "50")]
    assert 'value="&lt;3"' in html


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("", 200, "Find a player"),
        ("?name=", 200, "Find a player"),
        ("?name=nobody", 200, "Nobody is called that."),
        ("?name=x", 400, "Give 2 to 64 letters of a name."),
        (f"?name={'x' * 65}", 400, "Give 2 to 64 letters of a name."),
        ("?name=%00x", 400, "That request made no sense"),
    ],
)
def test_a_search_says_what_it_found_or_what_it_needs(
    query: str, status: int, sentence: str, no_traceback: None
) -> None:
    html = read(f"/players{query}", status)
    assert sentence in html
    assert listed(html) == []


def test_a_search_is_limited_as_in_the_api_and_pages_are_kept_by_nobody(ada: Score, settings: Settings) -> None:
    settings.READ_RATE = "20/d"
    client = Client()
    assert [client.get("/players?name=ada").status_code for _ in range(3)] == [200, 200, 429]
    for path in ("/players", f"/players/{ada.pk}"):
        assert "no-store" in client.get(path).headers["Cache-Control"]
