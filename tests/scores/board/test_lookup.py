"""A board and a period are found by their names, and a period also where only the calendar has it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.times import SECOND_US, to_us
from scores.board import lookup
from scores.board.lookup import PeriodView, find_board, find_period, find_periods
from scores.errors import BoardFilling, UnknownBoard, UnknownPeriod
from tests.support.boards import NOON, make_board, make_period, make_season

pytestmark = pytest.mark.django_db
NOW = to_us(NOON)
DAY = timedelta(days=1)


def test_an_enabled_board_is_found_by_its_slug_with_the_time_of_the_log(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    board = make_board("daily")
    assert find_board("daily") == board
    assert lookup.read_board("daily") == (board, NOW)
    assert [found.slug for found, _ in lookup.read_boards()] == ["daily", "main"]


def test_no_other_board_is_found() -> None:
    make_board("off", enabled=False)
    make_board("filling", filling=True)
    for slug in ("off", "nothing", "", "Main", "main ", "ma%in", "m" * 49):
        with pytest.raises(UnknownBoard):
            find_board(slug)
    with pytest.raises(BoardFilling):
        find_board("filling")


def test_a_stored_period_is_found_by_name_or_as_the_current_one() -> None:
    board = make_board("daily")
    # As it was stored, whatever the calendar says today.
    today = make_period(board, "2026-11-27", starts_us=NOW - 5, ends_us=NOW + 5)
    expected = PeriodView("2026-11-27", NOW - 5, NOW + 5, "open", today.pk, NOW)
    assert find_period(board, "current", NOW) == expected
    assert find_period(board, "2026-11-27", NOW) == expected


def test_what_is_not_stored_is_found_in_the_calendar() -> None:
    board = make_board("weekly", span="week", zone="Europe/Berlin")
    monday = datetime.fromisoformat("2026-11-23T00:00:00+01:00")
    expected = PeriodView("2026-W48", to_us(monday), to_us(monday + 7 * DAY), "open", None, NOW)
    assert find_period(board, "current", NOW) == expected
    assert find_period(board, "2026-W48", NOW) == expected
    before = find_period(board, "previous", NOW)
    assert before == PeriodView("2026-W47", to_us(monday - 7 * DAY), to_us(monday), "closed", None, NOW)
    assert find_period(board, "2026-W47", NOW) == before
    assert find_period(board, "2027-W01", NOW).state == "open"


def test_the_period_before_is_found_stored_too() -> None:
    board = make_board("daily")
    yesterday = make_period(board, "2026-11-26")
    make_period(board, "2026-11-25")
    assert find_period(board, "previous", NOW).id == yesterday.pk


def test_a_day_that_took_no_time_is_passed_over() -> None:
    # Samoa went from the 29th to the 31st of December 2011.
    board = make_board("samoan", zone="Pacific/Apia")
    now_us = to_us(datetime.fromisoformat("2011-12-31T12:00:00+14:00"))
    assert find_period(board, "current", now_us).name == "2011-12-31"
    assert find_period(board, "previous", now_us).name == "2011-12-29"
    left_out = find_period(board, "2011-12-30", now_us)
    assert (left_out.starts_us == left_out.ends_us, left_out.state) == (True, "closed")


def test_all_time_has_one_period_and_none_before() -> None:
    board = make_board("ever", span="all")
    assert find_period(board, "current", NOW) == PeriodView("all", 0, None, "open", None, NOW)
    for name in ("previous", "2026", "current "):
        with pytest.raises(UnknownPeriod):
            find_period(board, name, NOW)


def test_seasons_are_those_that_were_made_and_between_them_there_is_none() -> None:
    board = make_board("league", span="season")
    for name in ("current", "previous", "spring", "2026-11-27"):
        with pytest.raises(UnknownPeriod):
            find_period(board, name, NOW)
    spring = make_season(board, "spring", NOON - 9 * DAY, NOON - 5 * DAY)
    summer = make_season(board, "summer", NOON - 5 * DAY, NOON - 2 * DAY)
    winter = make_season(board, "winter", NOON + DAY, None)
    assert find_period(board, "previous", NOW).id == summer.pk
    with pytest.raises(UnknownPeriod):
        find_period(board, "current", NOW)
    assert (find_period(board, "spring", NOW).id, find_period(board, "winter", NOW).id) == (spring.pk, winter.pk)
    assert find_period(board, "current", to_us(NOON + 3 * DAY)).id == winter.pk


@pytest.mark.parametrize(("seconds", "state"), [(-1, "open"), (0, "closing"), (29, "closing"), (30, "closed")])
def test_a_period_is_closed_thirty_seconds_after_its_end(seconds: int, state: str) -> None:
    board = make_board("daily")
    make_period(board, "2026-11-27", starts_us=0, ends_us=NOW)
    assert find_period(board, "2026-11-27", NOW + seconds * SECOND_US).state == state


def test_periods_of_many_boards_are_one_statement() -> None:
    boards = [make_board(f"board-{number}") for number in range(4)]
    stored = make_period(boards[0], "2026-11-27")
    wanted = [(board, name) for board in boards for name in ("current", "2026-11-01", "nonsense", "\0")]
    with CaptureQueriesContext(connection) as queries:
        found = find_periods(wanted, NOW)
    assert len(queries) == 1
    assert found.keys() == {(board.slug, name) for board in boards for name in ("current", "2026-11-01")}
    assert (found["board-0", "current"].id, found["board-1", "current"].id) == (stored.pk, None)
    assert find_periods([], NOW) == {}
