"""Times as the log writes them: whole microseconds, and text that sorts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from audit.times import EPOCH, format_time, to_moment, to_us


@pytest.mark.parametrize("at_us", [0, 1, 1_763_910_000_123_456, 253_402_300_799_999_999])
def test_a_microsecond_is_neither_lost_nor_won(at_us: int) -> None:
    assert to_us(to_moment(at_us)) == at_us


def test_the_text_is_utc_with_six_digits_wherever_the_time_was_told() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert format_time(noon) == "2026-11-24T12:00:00.000000Z"
    assert format_time(noon.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "2026-11-24T12:00:00.000000Z"
    assert (to_us(EPOCH), to_us(noon)) == (0, 1_795_521_600_000_000)
