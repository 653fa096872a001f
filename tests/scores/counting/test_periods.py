"""Periods are made when they are first needed, once, as the calendar of the board's zone says, and the log says so too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from audit.models import AuditEntry
from audit.times import DAY_US, to_us
from scores.counting import periods, plans, spans
from scores.counting.definitions import make_board
from scores.models import Board, Period

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def make(slug: str = "today", span: str = "day", zone: str = "UTC") -> Board:
    return make_board(slug=slug, label=slug, counts="*", rule="sum", span=span, zone=zone, actor="system")


def names(board: Board) -> list[str]:
    return list(Period.objects.filter(board=board).order_by("starts_us").values_list("name", flat=True))


def test_the_sealer_makes_them_a_day_ahead(turn_clock: TurnClock) -> None:
    turn_clock(NEW_YEAR - timedelta(hours=30))
    board, month = make(), make("month", "month")
    periods.make_ahead()
    assert (names(board), names(month)) == (["2026-12-30", "2026-12-31"], ["2026-12"])
    turn_clock(NEW_YEAR - timedelta(hours=1))
    periods.make_ahead()
    assert (names(board), names(month)) == (["2026-12-30", "2026-12-31", "2027-01-01"], ["2026-12", "2027-01"])
    version = plans.read_version()
    periods.make_ahead()
    assert plans.read_version() == version


def test_they_meet_where_days_have_23_or_25_hours(turn_clock: TurnClock) -> None:
    turn_clock(datetime(2026, 10, 24, 12, tzinfo=UTC))
    board = make(zone="Europe/Berlin")
    for days in range(1, 4):
        periods.ensure_periods(to_us(datetime(2026, 10, 24, 12, tzinfo=UTC)) + days * DAY_US)
    found = list(Period.objects.filter(board=board).order_by("starts_us"))
    assert [(period.ends_us - period.starts_us) // 3_600_000_000 for period in found if period.ends_us] == [
        24,
        25,
        24,
        24,
    ]
    assert all(one.ends_us == other.starts_us for one, other in pairwise(found))


def test_each_is_an_entry_of_the_system_chain(turn_clock: TurnClock) -> None:
    turn_clock(NEW_YEAR)
    [period] = Period.objects.filter(board=make(zone="Asia/Kolkata"))
    entry = AuditEntry.objects.get(action="period:today")
    assert period.change == entry.seq
    assert entry.context is not None
    assert entry.context["after"] == "name=2027-01-01 starts_us=1798741800000000 ends_us=1798828200000000"
    assert entry.context["tzdata"] == spans.tzdata_version()


def test_where_the_law_of_a_zone_changed_there_is_neither_gap_nor_overlap(turn_clock: TurnClock) -> None:
    """As if yesterday had been made by a law under which it ended an hour sooner, and the day before an hour later."""
    turn_clock(NEW_YEAR)
    board = make()
    Period.objects.filter(board=board).delete()
    start = to_us(NEW_YEAR) - DAY_US
    Period.objects.create(board=board, name="2026-12-31", starts_us=start, ends_us=start + DAY_US - 3_600_000_000)
    periods.ensure_periods(to_us(NEW_YEAR) - 1)
    made = Period.objects.get(board=board, name="2027-01-01")
    assert (made.starts_us, made.ends_us) == (to_us(NEW_YEAR) - 3_600_000_000, to_us(NEW_YEAR) + DAY_US)
    Period.objects.filter(pk=made.pk).delete()
    Period.objects.filter(board=board).update(ends_us=start + DAY_US + 3_600_000_000)
    periods.ensure_periods(to_us(NEW_YEAR) + 3_600_000_000)
    made = Period.objects.get(board=board, name="2027-01-01")
    assert (made.starts_us, made.ends_us) == (to_us(NEW_YEAR) + 3_600_000_000, to_us(NEW_YEAR) + DAY_US)


def test_a_period_of_the_past_is_fitted_between_those_there_are(turn_clock: TurnClock) -> None:
    turn_clock(NEW_YEAR)
    board = make()
    assert periods.ensure_period(board, to_us(NEW_YEAR) - 1)
    assert not periods.ensure_period(board, to_us(NEW_YEAR) - DAY_US)
    assert names(board) == ["2026-12-31", "2027-01-01"]


def test_there_is_no_row_for_a_day_that_a_country_left_out(turn_clock: TurnClock) -> None:
    turn_clock(datetime(2011, 12, 30, 9, 59, 59, 999_999, tzinfo=UTC))
    board = make(zone="Pacific/Apia")
    periods.ensure_periods(to_us(datetime(2011, 12, 30, 10, tzinfo=UTC)))
    assert names(board) == ["2011-12-29", "2011-12-31"]
    ends, starts = Period.objects.filter(board=board).order_by("starts_us").values_list("ends_us", "starts_us")
    assert ends[0] == starts[1] == to_us(datetime(2011, 12, 30, 10, tzinfo=UTC))


def test_seasons_and_boards_that_are_off_get_none(turn_clock: TurnClock) -> None:
    turn_clock(NEW_YEAR)
    cup, off = make("cup", "season"), make("off")
    Board.objects.filter(pk=off.pk).update(enabled=False)
    periods.ensure_periods(to_us(NEW_YEAR) + DAY_US)
    assert (names(cup), names(off)) == ([], ["2027-01-01"])
