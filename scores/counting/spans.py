"""The calendar of periods: what one is called, and the exact instants between which it lies, in any time zone.

Pure arithmetic with whole microseconds since 1970. A date begins at the first instant whose local date is that one or a later
one. So it may begin at 01:00, where clocks go forward at midnight; at the first of two midnights, where they go back soon
after; and it may take no time at all, where a country crosses the date line.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import tzdata

ALL = "all"
FIRST_YEAR, LAST_YEAR = 1970, 9998
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY, SECOND, MICROSECOND = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)
#: What makes the first date of a period, in ISO 8601, of its name.
FIRST_DATE = {"day": "", "week": "-1", "month": "-01", "year": "-01-01"}
#: From the first date of a period this leads into the next one, and never past it.
INTO_NEXT = {"day": DAY, "week": 7 * DAY, "month": 31 * DAY, "year": 366 * DAY}


class Bounds(NamedTuple):
    """A period: from the first microsecond that is in it to the first that is not, None where it never ends."""

    name: str
    starts_us: int
    ends_us: int | None


FOREVER = Bounds(ALL, 0, None)


def period_at(span: str, zone: str, at_us: int) -> Bounds:
    """Find the one period that covers a time, in microseconds since 1970.

    Raises ValueError when none of the years 1970 to 9998 does, or there is no such span or zone.
    """
    if span == ALL:
        if at_us < 0:
            raise ValueError(f"{at_us} microseconds are before 1970.")
        return FOREVER
    try:
        day = (EPOCH + at_us * MICROSECOND).astimezone(load_zone(zone)).date()
        if _find_start(zone, day + DAY) <= at_us:
            day += DAY  # clocks went back to the date before, whose end was seen already
    except OverflowError as error:
        raise ValueError(f"{at_us} microseconds since 1970 are in no year that has a name.") from error
    return _measure(span, zone, _find_first(span, day))


def period_named(span: str, zone: str, name: str) -> Bounds | None:
    """Find the period of this name; None where no period of that span is called exactly so.

    Raises ValueError when there is no such span or zone.
    """
    if span == ALL:
        return FOREVER if name == ALL else None
    first = _read_first(span, name)
    return None if first is None else _measure(span, zone, first)


def next_period(span: str, zone: str, name: str) -> Bounds:
    """Find the calendar's next period, even one of no length.

    Raises ValueError when there is none in the years 1970 to 9998, or no such name, span or zone.
    """
    return _measure(span, zone, _find_next(span, _know_first(span, name)))


def previous_period(span: str, zone: str, name: str) -> Bounds:
    """Find the calendar's period before, even one of no length.

    Raises ValueError when there is none in the years 1970 to 9998, or no such name, span or zone.
    """
    return _measure(span, zone, _find_first(span, _know_first(span, name) - DAY))


def is_zone(name: str) -> bool:
    """Tell whether the pinned zones have one of exactly this name."""
    return name in _list_zones()


@cache
def load_zone(name: str) -> ZoneInfo:
    """Load one of the pinned zones. Raises ValueError when there is none of exactly this name."""
    if not is_zone(name):
        raise ValueError(f"{name!r} is no time zone.")
    with files(tzdata).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def tzdata_version() -> str:
    """Name the release of the pinned zones, as IANA does: 2026a."""
    return str(tzdata.IANA_VERSION)


@lru_cache(maxsize=4096)
def _measure(span: str, zone: str, first: date) -> Bounds:
    name = _name(span, first)
    if not FIRST_YEAR <= int(name[:4]) <= LAST_YEAR:
        raise ValueError(f"{name} is not in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return Bounds(name, _find_start(zone, first), _find_start(zone, _find_next(span, first)))


@lru_cache(maxsize=4096)
def _find_start(zone: str, day: date) -> int:
    """The first instant, in microseconds since 1970, whose local date is the day or a later one."""
    there = load_zone(zone)
    midnight = datetime.combine(day, time.min, there)
    instant = midnight.astimezone(UTC)  # of two midnights the first
    if instant.astimezone(there).replace(tzinfo=None) != midnight.replace(tzinfo=None):
        # Clocks jumped over midnight. Judged by the offset after the jump it lies before it, by the one before it lies behind.
        early = midnight.replace(fold=1).astimezone(UTC)
        seconds = range((instant - early) // SECOND)
        instant = early + SECOND * bisect_left(
            seconds, True, key=lambda second: (early + second * SECOND).astimezone(there).date() >= day
        )
    return (instant - EPOCH) // MICROSECOND


def _know_first(span: str, name: str) -> date:
    first = None if span == ALL else _read_first(span, name)
    if first is None:
        raise ValueError(f"{name!r} is no {span} with neighbours.")
    return first


def _read_first(span: str, name: str) -> date | None:
    if span not in FIRST_DATE:
        raise ValueError(f"The calendar has no {span!r}.")
    try:
        first = date.fromisoformat(name + FIRST_DATE[span])
    except ValueError:
        return None
    # Python reads other forms of ISO 8601 too. Only the one we write is a name.
    return first if name == _name(span, first) and FIRST_YEAR <= int(name[:4]) <= LAST_YEAR else None


def _find_first(span: str, day: date) -> date:
    match span:
        case "day":
            return day
        case "week":
            return day - day.weekday() * DAY
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
    raise ValueError(f"The calendar has no {span!r}.")


def _find_next(span: str, first: date) -> date:
    return _find_first(span, first + INTO_NEXT[span])


def _name(span: str, first: date) -> str:
    if span == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    return first.isoformat()[: {"day": 10, "month": 7, "year": 4}[span]]


@cache
def _list_zones() -> frozenset[str]:
    return frozenset((files(tzdata) / "zones").read_text(encoding="ascii").split())
