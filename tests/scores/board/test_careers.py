"""What everybody may know of a player."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from scores.board import careers
from scores.board.careers import read_career
from scores.drawing import Point
from scores.errors import UnknownPlayer
from scores.models import Score, Standing
from tests.support.acting import make_player
from tests.support.boards import NOON, make_board, make_period, make_season, stand
from tests.support.chains import award_at

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ada(turn_clock: Callable[[datetime], None]) -> Score:
    player = make_player("Ada")
    for ago, points in ((200 * DAY, 5), (91 * DAY, 10), (30 * DAY, 20), (20 * HOUR, 7), (20 * HOUR, 3), (HOUR, 1)):
        award_at(player, NOON - ago, points)
    turn_clock(NOON)
    return player


def test_nobody_of_the_id_is_unknown() -> None:
    with pytest.raises(UnknownPlayer):
        read_career(UUID(int=7))


def test_the_last_day_is_reckoned_by_quarters_of_an_hour_and_90_days_entry_by_entry(ada: Score) -> None:
    career = read_career(ada.pk)
    assert career.day == [
        Point(NOON - DAY, 35),
        Point(NOON - 20 * HOUR + timedelta(minutes=15), 45),
        Point(NOON - HOUR + timedelta(minutes=15), 46),
    ]
    assert career.quarter == [
        Point(NOON - 90 * DAY, 15),
        Point(NOON - 30 * DAY, 35),
        Point(NOON - 20 * HOUR, 42),
        Point(NOON - 20 * HOUR, 45),
        Point(NOON - HOUR, 46),
    ]
    assert career.main
    assert (career.main.rank, career.main.score) == (1, 46)


def test_of_a_long_chain_there_is_a_sample_and_of_a_busy_day_the_newest_part(
    ada: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(careers, "MAXIMUM_SAMPLES", 3)
    monkeypatch.setattr(careers, "MAXIMUM_ENTRIES", 2)
    career = read_career(ada.pk)
    assert [point.balance for point in career.quarter] == [5, 35, 46]
    assert career.day[0] == Point(NOON - 20 * HOUR, 42)
    assert [point.balance for point in career.day] == [42, 45, 46]


def test_the_best_rank_is_of_the_main_board_now_or_of_a_period_that_ended(ada: Score) -> None:
    award_at(make_player("Ben"), NOON, 1000)
    daily, cup = make_board("daily", label="Daily"), make_board("cup", span="season")
    # First of the day so far, which counts only when it is over.
    stand(ada, make_period(daily, "2026-11-27"), 9)
    assert read_career(ada.pk).best == read_career(ada.pk).main
    for day in ("2026-11-20", "2026-11-24"):
        stand(ada, make_period(daily, day), 9)
    season = make_season(cup, "spring", NOON - 90 * DAY, NOON - 60 * DAY)
    stand(ada, season, 5)
    stand("Cleo", season, 6)
    career = read_career(ada.pk)
    assert career.best
    assert (career.best.board.slug, career.best.period, career.best.rank) == ("daily", "2026-11-24", 1)
    assert [(place.board.slug, place.period, place.rank) for place in career.standings] == [
        ("main", "all", 2),
        ("daily", "2026-11-27", 1),
    ]


def test_boards_that_are_off_or_filling_and_hidden_rows_are_left_out(ada: Score) -> None:
    award_at(make_player("Ben"), NOON, 1000)
    for slug, terms in (("off", {"enabled": False}), ("growing", {"filling": True})):
        stand(ada, make_period(make_board(slug, **terms), "2026-11-26"), 9)
    stand(ada, make_period(make_board("daily"), "2026-11-26"), 9, hidden=True)
    career = read_career(ada.pk)
    assert career.best
    assert (career.best.board.slug, career.best.rank) == ("main", 2)
    assert [place.board.slug for place in career.standings] == ["main"]


def test_points_of_times_are_as_everybody_sees_them(ada: Score) -> None:
    stand(ada, make_period(make_board("laps", rule="best", ascending=True), "2026-11-27"), 61)
    assert [place.score for place in read_career(ada.pk).standings] == [46, 61]


def test_who_is_frozen_or_never_played_has_a_name_and_nothing_more(ada: Score) -> None:
    Score.objects.filter(pk=ada.pk).update(frozen=True)
    Standing.objects.update(hidden=True)
    for player in (ada, make_player("New")):
        career = read_career(player.pk)
        assert (career.name, career.now) == (player.name, NOON)
        assert (career.main, career.best, career.standings, career.day, career.quarter) == (None, None, [], [], [])
