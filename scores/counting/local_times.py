"""Times as people write them: RFC 3339 with an offset, or by the clocks of a zone where that leaves no doubt."""

import re
from datetime import UTC, datetime

from audit.times import to_moment, to_us
from scores.counting import spans

FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
HOW = "Write 2026-12-01T18:00, or 2026-12-01T18:00+01:00, or 2026-12-01 for when that day begins."


class AmbiguousTime(ValueError):
    """Clocks skip this time, or show it twice."""


def read_time(text: str, zone: str) -> int:
    """Read a time, in microseconds since 1970; a date alone is when it begins in the zone.

    Raises ValueError, with a sentence for whoever wrote it, when it is none, or when clocks in the zone skip it or show it twice.
    """
    day = spans.period_named("day", zone, text)
    if day is not None:
        return day.starts_us
    found = FORM.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        moment = datetime.fromisoformat(text)
        return to_us(moment) if found[1] else _place(moment, zone)
    except AmbiguousTime:
        raise
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time. {HOW}") from None


def write_time(at_us: int, zone: str) -> str:
    """Write a time, in microseconds since 1970, as the clocks of the zone show it, with their offset."""
    return to_moment(at_us).astimezone(spans.load_zone(zone)).isoformat(timespec="auto")


def _place(local: datetime, zone: str) -> int:
    there = spans.load_zone(zone)
    first, second = (local.replace(tzinfo=there, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return to_us(first)
    is_shown = first.astimezone(UTC).astimezone(there).replace(tzinfo=None) == local
    how_often = "twice" if is_shown else "at no time"
    examples = " or ".join(moment.isoformat(timespec="minutes") for moment in (first, second))
    raise AmbiguousTime(
        f"Clocks in {zone} show {local.isoformat(' ')} {how_often}. Write it with its offset: {examples}."
    )
