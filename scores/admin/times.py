"""How the desk writes a time: in the one form of `scores/locale/en`, with the zone that it is of."""

from datetime import UTC, datetime

from django.utils.formats import date_format

from audit.times import to_moment
from scores.counting.spans import load_zone


def write_moment(moment: datetime) -> str:
    """Write a moment by the clocks of UTC."""
    return date_format(moment.astimezone(UTC), "DATETIME_FORMAT")


def write_local(at_us: int, zone: str) -> str:
    """Write a time, in microseconds since 1970, by the clocks of a zone."""
    return date_format(to_moment(at_us).astimezone(load_zone(zone)), "DATETIME_FORMAT")
