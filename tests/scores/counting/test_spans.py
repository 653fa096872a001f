"""The calendar of periods, against instants that `zdump` told, and against the plain definition in every zone."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scores.counting.spans import (
    Bounds,
    next_period,
    period_at,
    period_named,
    previous_period,
)

pytestmark = pytest.mark.any_database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY, HOUR, MICROSECOND = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
HOUR_US = HOUR // MICROSECOND
SPANS = ("day", "week", "month", "year")
ZONES = sorted((files("tzdata") / "zones").read_text().split())


def us(text: str) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // MICROSECOND


def load(zone: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file)


def local_date(zone: ZoneInfo, at_us: int) -> date:
    return (EPOCH + at_us * MICROSECOND).astimezone(zone).date()


#: Zone, day, when it starts and ends in UTC, its hours. Typed from `zdump -v` over another release of the zones than the pinned one.
DAYS = [
    ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00", "2011-12-30 10:00", 24),
    ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00", "2011-12-30 10:00", 0),
    ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", "2011-12-31 10:00", 24),
    ("Pacific/Kwajalein", "1993-08-20", "1993-08-20 12:00", "1993-08-21 12:00", 24),
    ("Pacific/Kwajalein", "1993-08-21", "1993-08-21 12:00", "1993-08-21 12:00", 0),
    ("Pacific/Kwajalein", "1993-08-22", "1993-08-21 12:00", "1993-08-22 12:00", 24),
    ("America/Santiago", "2024-04-06", "2024-04-06 03:00", "2024-04-07 04:00", 25),
    ("America/Santiago", "2024-09-07", "2024-09-07 04:00", "2024-09-08 04:00", 24),
    ("America/Santiago", "2024-09-08", "2024-09-08 04:00", "2024-09-09 03:00", 23),  # 01:00
    ("America/Havana", "2024-03-10", "2024-03-10 05:00", "2024-03-11 04:00", 23),  # 01:00
    ("America/Havana", "2024-11-03", "2024-11-03 04:00", "2024-11-04 05:00", 25),  # 00:00, twice
    ("Africa/Cairo", "2024-04-26", "2024-04-25 22:00", "2024-04-26 21:00", 23),  # 01:00
    ("Africa/Cairo", "2024-10-31", "2024-10-30 21:00", "2024-10-31 22:00", 25),
    ("Asia/Beirut", "2024-03-31", "2024-03-30 22:00", "2024-03-31 21:00", 23),  # 01:00
    ("Asia/Beirut", "2024-10-26", "2024-10-25 21:00", "2024-10-26 22:00", 25),
    ("America/St_Johns", "1987-04-05", "1987-04-05 03:30", "1987-04-06 02:30", 23),
    ("America/St_Johns", "2006-10-28", "2006-10-28 02:30", "2006-10-29 02:30", 24),
    ("America/St_Johns", "2006-10-29", "2006-10-29 02:30", "2006-10-30 03:30", 25),  # 00:00, then 23:01 the day before
    ("America/New_York", "2024-03-10", "2024-03-10 05:00", "2024-03-11 04:00", 23),
    ("America/New_York", "2024-11-03", "2024-11-03 04:00", "2024-11-04 05:00", 25),
    ("Europe/Berlin", "2024-03-31", "2024-03-30 23:00", "2024-03-31 22:00", 23),
    ("Europe/Berlin", "2024-10-27", "2024-10-26 22:00", "2024-10-27 23:00", 25),
    ("Europe/Berlin", "2024-11-27", "2024-11-26 23:00", "2024-11-27 23:00", 24),
    ("Asia/Kolkata", "2024-11-27", "2024-11-26 18:30", "2024-11-27 18:30", 24),
    ("Australia/Lord_Howe", "2024-04-07", "2024-04-06 13:00", "2024-04-07 13:30", 24.5),
    ("Australia/Lord_Howe", "2024-10-06", "2024-10-05 13:30", "2024-10-06 13:00", 23.5),
    ("Africa/Monrovia", "1972-01-07", "1972-01-07 00:44:30", "1972-01-08 00:00", 23 + 15.5 / 60),  # 00:44:30
]


@pytest.mark.parametrize(("zone", "day", "starts", "ends", "hours"), DAYS)
def test_a_day_lies_between_the_instants_that_zdump_told(
    zone: str, day: str, starts: str, ends: str, hours: float
) -> None:
    assert period_named("day", zone, day) == Bounds(day, us(starts), us(ends))
    assert us(ends) - us(starts) == hours * HOUR_US


@pytest.mark.parametrize(("zone", "day", "starts", "ends", "hours"), [each for each in DAYS if each[4]])
def test_a_day_covers_its_first_and_its_last_microsecond_and_not_one_more(
    zone: str, day: str, starts: str, ends: str, hours: float
) -> None:
    first, end = us(starts), us(ends)
    assert [period_at("day", zone, at).name == day for at in (first - 1, first, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_day_of_no_length_has_its_place_and_covers_nothing() -> None:
    apia, left_out = "Pacific/Apia", Bounds("2011-12-30", us("2011-12-30 10:00"), us("2011-12-30 10:00"))
    assert next_period("day", apia, "2011-12-29") == previous_period("day", apia, "2011-12-31") == left_out
    assert period_at("day", apia, left_out.starts_us).name == "2011-12-31"
    assert period_at("day", apia, left_out.starts_us - 1).name == "2011-12-29"


def test_what_came_after_the_first_midnight_stays_in_the_new_day_while_clocks_show_the_old_date_again() -> None:
    shown = datetime(2006, 10, 29, 2, 45, tzinfo=UTC).astimezone(load("America/St_Johns"))
    assert (shown.date(), shown.hour, shown.fold) == (date(2006, 10, 28), 23, 1)
    assert period_at("day", "America/St_Johns", us("2006-10-29 02:45")).name == "2006-10-29"


@pytest.mark.parametrize(
    ("span", "zone", "name", "starts", "ends"),
    [
        ("week", "Europe/Berlin", "2026-W48", "2026-11-22 23:00", "2026-11-29 23:00"),
        ("week", "Europe/Berlin", "2024-W13", "2024-03-24 23:00", "2024-03-31 22:00"),
        ("week", "UTC", "2026-W53", "2026-12-28", "2027-01-04"),
        ("week", "UTC", "1970-W01", "1969-12-29", "1970-01-05"),
        ("month", "America/New_York", "2024-11", "2024-11-01 04:00", "2024-12-01 05:00"),
        ("month", "Asia/Kolkata", "2024-02", "2024-01-31 18:30", "2024-02-29 18:30"),
        ("month", "Pacific/Apia", "2011-12", "2011-12-01 10:00", "2011-12-31 10:00"),
        ("year", "Pacific/Apia", "2011", "2011-01-01 10:00", "2011-12-31 10:00"),
        ("year", "Australia/Lord_Howe", "2024", "2023-12-31 13:00", "2024-12-31 13:00"),
        ("year", "UTC", "9998", "9998-01-01", "9999-01-01"),
    ],
)
def test_weeks_months_and_years_start_with_their_first_day(
    span: str, zone: str, name: str, starts: str, ends: str
) -> None:
    assert period_named(span, zone, name) == Bounds(name, us(starts), us(ends))
    assert period_at(span, zone, us(starts)).name == period_at(span, zone, us(ends) - 1).name == name
    assert period_at(span, zone, us(ends) - 1).ends_us == us(ends)


def test_all_has_one_period_that_never_ends() -> None:
    assert period_named("all", "UTC", "all") == period_at("all", "UTC", 0) == Bounds("all", 0, None)
    assert period_named("all", "UTC", "2026") is None


@pytest.mark.parametrize(
    ("span", "names"),
    [
        ("day", "2026-02-30 2025-02-29 2026-13-01 2026-00-10 2026-1-01 20261127 2026-W48-5 1969-12-31 9999-01-01 all"),
        ("day", "2026-11-27T00:00 2026-11-27Z +2026-11-27 -026-11-27 2026-11-２7 2026–11–27 2026-11 2026"),
        ("week", "2025-W53 2026-W54 2026-W00 2026-w48 2026W48 2026-W4 2026-W048 2026-W48-1 1969-W52 9999-W01 2026-48"),
        ("month", "2026-13 2026-00 2026-1 202611 1969-12 9999-01 2026-W48 2026-11-27 ２０２６-11"),
        ("year", "1969 9999 0000 026 02026 20.6 ２０２６ 2026-11 MMXX all"),
        ("all", "All ALL al 2026-11-27 current previous"),
    ],
)
def test_what_is_not_exactly_a_name_of_the_span_is_none(span: str, names: str) -> None:
    found = [name for name in names.split() if period_named(span, "UTC", name) is not None]
    assert found == []


@pytest.mark.parametrize(
    ("span", "name"),
    [("all", "all"), ("day", "2026-11-27"), ("week", "2026-W48"), ("month", "2026-11"), ("year", "2026")],
)
def test_a_name_bears_nothing_before_or_behind_it(span: str, name: str) -> None:
    assert period_named(span, "Europe/Berlin", name) is not None
    for junk in (" ", "\n", "\0", "\t", "0", "-", "Z", "\u200b", "\ud800", "9" * 100_000):
        assert period_named(span, "Europe/Berlin", name + junk) is None
        assert period_named(span, "Europe/Berlin", junk + name) is None
    assert period_named(span, "Europe/Berlin", "") is None


@given(st.sampled_from(SPANS), st.text(st.sampled_from("0123456789-W２ \n\0:TZ+"), max_size=12))
def test_whatever_is_asked_for_is_found_under_its_own_name_or_is_none(span: str, name: str) -> None:
    found = period_named(span, "UTC", name)
    assert found is None or found.name == name


def test_the_calendar_ends_where_names_do() -> None:
    for span, first, last in (
        ("day", "1970-01-01", "9998-12-31"),
        ("week", "1970-W01", "9998-W53"),
        ("month", "1970-01", "9998-12"),
        ("year", "1970", "9998"),
    ):
        for zone in ("UTC", "Etc/GMT+12", "Pacific/Kiritimati"):
            start, end = period_named(span, zone, first), period_named(span, zone, last)
            assert start is not None
            assert end is not None
            assert end.ends_us is not None
            assert (period_at(span, zone, start.starts_us), period_at(span, zone, end.ends_us - 1)) == (start, end)
            with pytest.raises(ValueError, match="1970 to 9998"):
                period_at(span, zone, start.starts_us - 1)
            with pytest.raises(ValueError, match="1970 to 9998"):
                period_at(span, zone, end.ends_us)
            with pytest.raises(ValueError, match="1970 to 9998"):
                previous_period(span, zone, first)
            with pytest.raises(ValueError, match="1970 to 9998"):
                next_period(span, zone, last)


@pytest.mark.parametrize("at_us", [10**18, -(10**18), 10**30, -(10**30), 253_402_300_799_999_999])
def test_a_time_beyond_all_years_is_in_no_period(at_us: int) -> None:
    with pytest.raises(ValueError, match="no year"):
        period_at("day", "Etc/GMT-14", at_us)


def test_what_has_no_calendar_or_no_zone_is_an_error_of_who_asks() -> None:
    for span in ("season", "hour", ""):
        with pytest.raises(ValueError, match="calendar has no"):
            period_at(span, "UTC", 0)
        with pytest.raises(ValueError, match="calendar has no"):
            period_named(span, "UTC", "2026")
    for name in ("all", "2026-11-31"):
        with pytest.raises(ValueError, match="neighbours"):
            next_period("all" if name == "all" else "day", "UTC", name)
    with pytest.raises(ValueError, match="before 1970"):
        period_at("all", "UTC", -1)
    with pytest.raises(ValueError, match="no time zone"):
        period_named("day", "Europe/Atlantis", "2026-11-27")
    with pytest.raises(ValueError, match="no time zone"):
        period_at("day", "../../etc/localtime", 0)


zones = st.sampled_from(ZONES)
times = st.integers(us("1970-01-02"), us("2100-12-31"))


@given(st.sampled_from(SPANS), zones, times)
def test_a_time_lies_in_a_period_which_its_name_finds(span: str, zone: str, at_us: int) -> None:
    found = period_at(span, zone, at_us)
    assert found.ends_us is not None
    assert found.starts_us <= at_us < found.ends_us
    assert period_named(span, zone, found.name) == found
    assert period_at(span, zone, found.starts_us) == period_at(span, zone, found.ends_us - 1) == found


@given(st.sampled_from(SPANS), zones, st.integers(us("1971-01-12"), us("2100-12-31")))
def test_neighbours_meet_without_gap_or_overlap(span: str, zone: str, at_us: int) -> None:
    found = period_at(span, zone, at_us)
    after, before = next_period(span, zone, found.name), previous_period(span, zone, found.name)
    assert (before.ends_us, after.starts_us) == (found.starts_us, found.ends_us)
    assert previous_period(span, zone, after.name) == found == next_period(span, zone, before.name)


def list_days_of_change(zone: ZoneInfo, year: int) -> list[date]:
    """The days around which clocks were moved, and the first of the year."""
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + each * DAY for each in range(366)]
    offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
    moved = [noons[at].date() for at in range(365) if offsets[at] != offsets[at + 1]]
    return [date(year, 1, 1), *(day + each * DAY for day in moved for each in (-1, 0, 1, 2))]


@example("Pacific/Apia", 2011)
@example("America/St_Johns", 2006)
@example("Africa/Monrovia", 1972)
@example("Africa/Casablanca", 2087)
@hypothesis_settings(deadline=None)
@given(zones, st.integers(1970, 2100))
def test_a_day_starts_at_the_first_instant_of_its_date_or_a_later_one(zone: str, year: int) -> None:
    there = load(zone)
    for day in list_days_of_change(there, year):
        found = period_named("day", zone, day.isoformat())
        if day.year < 1970:
            assert found is None
            continue
        assert found is not None
        assert local_date(there, found.starts_us) >= day
        assert local_date(there, found.starts_us - 1) < day
        earlier = range(found.starts_us - 26 * HOUR_US, found.starts_us, HOUR_US // 12)
        assert max(local_date(there, at) for at in earlier) < day
