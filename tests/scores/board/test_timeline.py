"""A page of a board together with the periods around it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from scores.board.leaderboard import PageQuery, read_page
from scores.board.timeline import OFFERED, Timeline, read_board_page
from scores.errors import UnknownPeriod
from scores.models import Board
from tests.support.boards import NOON, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
TODAY, YESTERDAY, TOMORROW = "2026-11-27", "2026-11-26", "2026-11-28"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


@pytest.fixture
def daily() -> Board:
    return make_board("daily")


def timeline(name: str, slug: str = "daily") -> Timeline:
    return read_board_page(slug, name, PageQuery()).timeline


def test_a_page_is_what_the_api_answers(daily: Board) -> None:
    stand("Ada", make_period(daily, TODAY), 5)
    page, top = read_board_page("daily", TODAY, PageQuery()), read_page("daily", TODAY, PageQuery())
    assert (page.content, page.etag) == (json.loads(top.body), top.etag)


def test_only_periods_that_were_made_and_have_begun_are_gone_through(daily: Board) -> None:
    for day in ("2026-11-20", YESTERDAY, TODAY, TOMORROW):
        make_period(daily, day)
    offered = [TODAY, YESTERDAY, "2026-11-20"]
    assert timeline("current") == Timeline(offered, YESTERDAY, None, TODAY)
    assert timeline(YESTERDAY) == Timeline(offered, "2026-11-20", TODAY, TODAY)
    assert timeline("2026-11-20") == Timeline(offered, None, YESTERDAY, TODAY)
    assert timeline("2026-11-23") == Timeline([*offered, "2026-11-23"], "2026-11-20", YESTERDAY, TODAY)
    assert timeline(TOMORROW) == Timeline([*offered, TOMORROW], TODAY, None, TODAY)


def test_a_day_on_which_nobody_was_counted_yet_is_the_present_all_the_same(daily: Board) -> None:
    make_period(daily, YESTERDAY)
    assert timeline("current") == Timeline([TODAY, YESTERDAY], YESTERDAY, None, TODAY)
    assert timeline(YESTERDAY) == Timeline([TODAY, YESTERDAY], None, TODAY, TODAY)


def test_a_board_of_all_time_has_no_other_periods() -> None:
    assert timeline("current", "main") == Timeline(["all"], None, None, "all")


def test_between_seasons_none_is_the_present() -> None:
    cup = make_board("cup", span="season")
    make_season(cup, "spring", NOON - timedelta(days=90), NOON - timedelta(days=60))
    make_season(cup, "summer", NOON - timedelta(days=50), NOON - timedelta(days=20))
    make_season(cup, "winter", NOON + timedelta(days=1), None)
    assert timeline("spring", "cup") == Timeline(["summer", "spring"], None, "summer", None)
    with pytest.raises(UnknownPeriod):
        timeline("current", "cup")
    make_season(cup, "autumn", NOON, NOON + timedelta(days=1))
    assert timeline("summer", "cup") == Timeline(["autumn", "summer", "spring"], "spring", "autumn", "autumn")


def test_the_newest_are_offered_and_the_shown_one(daily: Board) -> None:
    days = [f"{NOON - timedelta(days=number):%Y-%m-%d}" for number in range(OFFERED + 5)]
    for day in days:
        make_period(daily, day)
    assert timeline("current").offered == days[:OFFERED]
    assert timeline(days[-1]) == Timeline([*days[:OFFERED], days[-1]], None, days[-2], TODAY)
