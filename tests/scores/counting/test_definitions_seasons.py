"""Seasons: made ahead, ended with notice, one after the other and never two at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from audit.times import to_us
from scores.counting import definitions, spans
from scores.counting.definitions import NOTICE_US, change_board
from scores.errors import InvalidBody, Refused, Unavailable, UnknownBoard, UnknownPeriod
from scores.models import Board, Period
from tests.support.definitions import define, read_definitions

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOON_US = to_us(NOON)
HOUR_US = 3600 * 1_000_000
TurnClock = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def cup(turn_clock: TurnClock) -> Board:
    """A board of seasons, at noon."""
    turn_clock(NOON)
    return define(slug="cup", label="Cup", span="season")


def make(name: str = "autumn", starts: int = 1, ends: int | None = 2, **changes: Any) -> Period:
    """A season from so many hours after noon on to so many."""
    times = {"starts_us": NOON_US + starts * HOUR_US, "ends_us": None if ends is None else NOON_US + ends * HOUR_US}
    return definitions.make_season(**({"board": "cup", "name": name, "actor": "system"} | times | changes))


def end(name: str = "autumn", **changes: Any) -> Period:
    return definitions.end_season(**({"board": "cup", "name": name, "actor": "system"} | changes))


def refuse(act: Callable[..., Period], *arguments: Any, **changes: Any) -> tuple[str, str]:
    """Field and detail of the refusal, which leaves everything as it was."""
    before = read_definitions()
    with pytest.raises(InvalidBody) as caught:
        act(*arguments, **changes)
    assert read_definitions() == before
    [error] = caught.value.errors
    assert error["detail"] == caught.value.explanation
    return error["field"], error["detail"]


def test_a_season_is_made_and_is_in_the_log(cup: Board) -> None:
    season = make(reason="as every year")
    assert (season.board, season.name, season.starts_us, season.ends_us) == (
        cup,
        "autumn",
        NOON_US + HOUR_US,
        NOON_US + 2 * HOUR_US,
    )
    entry = AuditEntry.objects.filter(player=SYSTEM_CHAIN).latest("seq")
    assert (entry.kind, entry.action, entry.actor, entry.seq) == ("config", "period:cup", "system", season.change)
    assert isinstance(entry.context, dict)
    assert {name: entry.context[name] for name in ("after", "tzdata", "reason")} == {
        "after": f"name=autumn starts_us={season.starts_us} ends_us={season.ends_us}",
        "tzdata": spans.tzdata_version(),
        "reason": "as every year",
    }


def test_a_season_may_begin_this_very_moment_and_a_microsecond_ago_is_the_past() -> None:
    assert refuse(make, starts_us=NOON_US - 1) == (
        "starts",
        "A season starts in the future: what counted already stays where it counted.",
    )
    assert make(starts_us=NOON_US).starts_us == NOON_US


def test_a_season_without_an_end_goes_on_until_it_is_ended() -> None:
    assert make(ends=None).ends_us is None
    assert refuse(make, "winter", 1_000_000, 1_000_001) == ("starts", "The season 'autumn' is at that time.")
    assert end(ends_us=NOON_US + 3 * HOUR_US).ends_us == NOON_US + 3 * HOUR_US
    make("winter", 3, 4)


@pytest.mark.parametrize("ends", [0, 1])
def test_a_season_ends_after_it_starts(ends: int) -> None:
    assert refuse(make, starts=1, ends=ends) == ("ends", "A season ends after it starts.")


def test_a_season_lies_in_the_years_that_periods_have_names_for() -> None:
    late = to_us(datetime(9999, 1, 1, tzinfo=UTC))
    assert refuse(make, starts_us=late, ends_us=None) == ("ends", "A season lies in the years to 9998.")
    assert refuse(make, ends_us=late) == ("ends", "A season lies in the years to 9998.")
    make(ends=None)
    assert refuse(end, ends_us=late) == ("ends", "A season lies in the years to 9998.")


@pytest.mark.parametrize(("starts", "ends"), [(0, 3), (2, 5), (3, 4), (5, 9), (0, 9), (2, 6), (0, None), (5, None)])
def test_two_seasons_are_never_at_once(starts: int, ends: int | None) -> None:
    make("autumn", 2, 6)
    assert refuse(make, "winter", starts, ends) == ("starts", "The season 'autumn' is at that time.")


def test_one_season_may_begin_the_moment_another_ends() -> None:
    make("winter", 2, 3)
    make("autumn", 1, 2)
    make("spring", 3, 4)
    assert list(Period.objects.filter(board__slug="cup").values_list("name", flat=True)) == [
        "autumn",
        "winter",
        "spring",
    ]


def test_seasons_of_other_boards_are_no_matter() -> None:
    define(slug="league", label="League", span="season")
    make()
    make(board="league")


@pytest.mark.parametrize("name", ["", "Autumn", "autumn 26", "herbst-é", "a" * 49, "a\0", "\ud800", "2026/27", "a\n"])
def test_a_name_is_of_few_characters(name: str) -> None:
    assert refuse(make, name) == ("name", "The name of a season is 1 to 48 of a-z, 0-9 and -.")


@pytest.mark.parametrize("name", ["current", "previous", "periods"])
def test_a_name_that_means_something_else_is_refused(name: str) -> None:
    assert refuse(make, name) == ("name", "current, previous and periods mean something else in addresses.")


def test_a_name_is_taken_once(turn_clock: TurnClock) -> None:
    make()
    assert refuse(make, "autumn", 5, 6) == ("name", "There is a season 'autumn' already.")
    turn_clock(NOON + timedelta(days=1))
    assert refuse(make, "autumn", 50, 60) == ("name", "There is a season 'autumn' already.")


@pytest.mark.parametrize("board", ["nothing", "c\0p", "", "\udfff"])
def test_there_are_no_seasons_of_no_board(board: str) -> None:
    before = read_definitions()
    for act in (make, end):
        with pytest.raises(UnknownBoard):
            act(board=board)
    assert read_definitions() == before


def test_a_board_that_is_off_has_no_new_seasons() -> None:
    make()
    change_board(slug="cup", actor="system", enabled=False)
    before = read_definitions()
    for act in (make, end):
        with pytest.raises(UnknownBoard):
            act()
    assert read_definitions() == before


@pytest.mark.parametrize(("board", "name"), [("today", "autumn"), ("main", "all")])
def test_a_calendar_has_no_seasons_and_none_of_its_periods_is_ended(board: str, name: str) -> None:
    define()
    sentence = ("board", f"The periods of '{board}' are of the calendar: it has no seasons.")
    assert refuse(make, name, board=board) == refuse(end, name, board=board) == sentence


def test_a_season_ends_at_least_sixty_seconds_ahead() -> None:
    make(starts_us=NOON_US, ends=None)
    for ahead in (-HOUR_US, 0, 59 * 1_000_000, NOTICE_US - 1):
        assert refuse(end, ends_us=NOON_US + ahead) == ("ends", "A season ends at least 60 seconds from now.")
    assert end(ends_us=NOON_US + NOTICE_US, reason="it is decided").ends_us == NOON_US + 60_000_000
    entry = AuditEntry.objects.filter(player=SYSTEM_CHAIN).latest("seq")
    assert isinstance(entry.context, dict)
    assert (entry.action, entry.context["reason"]) == ("period:cup", "it is decided")
    assert entry.context["after"] == f"name=autumn starts_us={NOON_US} ends_us={NOON_US + 60_000_000}"
    assert Period.objects.get(name="autumn").change == entry.seq


def test_a_season_ends_as_soon_as_may_be_where_no_time_is_given() -> None:
    make(starts_us=NOON_US, ends=50)
    assert end().ends_us == NOON_US + NOTICE_US


def test_a_season_that_has_not_ended_may_end_later_but_not_within_the_next() -> None:
    make("autumn", 1, 2)
    make("winter", 4, 5)
    assert end(ends_us=NOON_US + 4 * HOUR_US).ends_us == NOON_US + 4 * HOUR_US
    assert refuse(end, ends_us=NOON_US + 4 * HOUR_US + 1) == ("starts", "The season 'winter' is at that time.")


def test_a_season_that_has_not_begun_does_not_end_before_it_does() -> None:
    make("autumn", 2, 3)
    for ends_us in (None, NOON_US + 2 * HOUR_US):
        assert refuse(end, ends_us=ends_us) == ("ends", "A season ends after it starts.")


def test_what_has_ended_has_ended(turn_clock: TurnClock) -> None:
    make("autumn", 1, 2)
    turn_clock(NOON + timedelta(hours=2))
    assert refuse(end, ends_us=NOON_US + 9 * HOUR_US) == ("name", "This season has ended.")
    assert refuse(end) == ("name", "This season has ended.")


@pytest.mark.parametrize("name", ["winter", "a\0", "", "\ud800"])
def test_no_season_of_this_name_is_ended(name: str) -> None:
    make()
    before = read_definitions()
    with pytest.raises(UnknownPeriod):
        end(name)
    assert read_definitions() == before


def test_a_reason_that_cannot_be_stored_is_refused() -> None:
    sentence = ("reason", "A reason is text, without U+0000 and in UTF-8.")
    assert refuse(make, reason="\0") == sentence
    make()
    assert refuse(end, reason="\ud800") == sentence


def test_seasons_of_a_board_changed_behind_our_back_are_left_alone() -> None:
    make()
    Board.objects.filter(slug="cup").update(counts="daily-quiz")
    before = read_definitions()
    acts: list[Callable[[], Period]] = [lambda: make("winter", 3, 4), end]
    for act in acts:
        with pytest.raises(Refused) as caught:
            act()
        assert isinstance(caught.value, Unavailable)
    assert read_definitions() == before
