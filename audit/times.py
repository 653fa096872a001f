"""How the log writes time: microseconds since 1970, exact, and RFC 3339 text."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, which a float of seconds would not hold exactly."""
    return (moment - EPOCH) // _MICROSECOND


def to_moment(at_us: int) -> datetime:
    return EPOCH + at_us * _MICROSECOND


def format_time(moment: datetime) -> str:
    """RFC 3339, UTC, six digits."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
