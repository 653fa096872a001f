"""The demo's boards have all the past from the start, and what an admin changed since stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from scores.counting.definitions import change_board, end_season
from scores.demo.boards import BOARDS, CUP, make_boards
from scores.models import Board, Period, Score, Standing
from tests.support.definitions import read_definitions

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
TurnClock = Callable[[datetime], None]


def read_standings(slug: str, period: str) -> dict[str, int]:
    rows = Standing.objects.filter(period__board__slug=slug, period__name=period)
    return dict(rows.values_list("player__name", "points"))


def test_the_boards_are_made_full(board: dict[str, Score]) -> None:
    make_boards()
    made = Board.objects.exclude(slug="main")
    assert {each.slug for each in made} == {each.slug for each in BOARDS}
    assert {(each.enabled, each.filling, each.since_us) for each in made} == {(True, False, 0)}
    today = Period.objects.get(board__slug="today")
    assert read_standings("today", today.name) == {"Ada": 30, "Ben": 20, "Cleo": 10}
    assert read_standings("fastest-lap", "all") == {}


def test_a_season_begins_with_the_demo_and_the_next_when_it_is_over(turn_clock: TurnClock) -> None:
    turn_clock(NOON)
    make_boards()
    [season] = Period.objects.filter(board__slug=CUP)
    assert (season.name, season.ends_us) == ("season-1", season.starts_us + 14 * 86_400_000_000)
    turn_clock(NOON + timedelta(days=13))
    before = read_definitions()
    make_boards()
    assert read_definitions() == before
    turn_clock(NOON + timedelta(days=15))
    make_boards()
    assert list(Period.objects.filter(board__slug=CUP).values_list("name", flat=True)) == ["season-1", "season-2"]


def test_a_season_that_was_ended_is_followed_by_another(turn_clock: TurnClock) -> None:
    turn_clock(NOON)
    make_boards()
    end_season(board=CUP, name="season-1", actor="system")
    turn_clock(NOON + timedelta(seconds=60))
    make_boards()
    assert list(Period.objects.filter(board__slug=CUP).values_list("name", flat=True)) == ["season-1", "season-2"]


@pytest.mark.parametrize("slug", [board.slug for board in BOARDS])
def test_what_an_admin_switched_off_stays_off(db: None, slug: str) -> None:
    make_boards()
    change_board(slug=slug, actor="system", enabled=False)
    before = read_definitions()
    make_boards()
    assert read_definitions() == before


def test_a_filling_that_was_cut_short_goes_on(board: dict[str, Score]) -> None:
    make_boards()
    change_board(slug="today", actor="system", enabled=False)
    change_board(slug="today", actor="system", enabled=True)
    make_boards()
    assert not Board.objects.get(slug="today").filling
