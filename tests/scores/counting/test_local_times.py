"""Times as people write them: read exactly, and refused where clocks leave a doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.times import to_us
from scores.counting.local_times import HOW, read_time, write_time

SIX_UTC = datetime(2026, 12, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-12-01T18:00Z", "Europe/Berlin", SIX_UTC),
        ("2026-12-01 18:00:00Z", "Europe/Berlin", SIX_UTC),
        ("2026-12-01T19:00:00+01:00", "Asia/Tokyo", SIX_UTC),
        ("2026-12-01T19:00", "Europe/Berlin", SIX_UTC),
        ("2026-12-01 19:00:00.000007", "Europe/Berlin", SIX_UTC + timedelta(microseconds=7)),
        ("2026-12-02T03:00", "Asia/Tokyo", SIX_UTC),
        ("2026-12-01", "Europe/Berlin", SIX_UTC - timedelta(hours=19)),
        ("2026-06-01T18:00", "Europe/Berlin", datetime(2026, 6, 1, 16, tzinfo=UTC)),
        ("2026-09-06", "America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),  # there begins at 01:00
        ("2026-03-29T02:30+01:00", "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+02:00", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T03:00", "Europe/Berlin", datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_an_offset_says_it_all_and_without_one_the_zone_does(text: str, zone: str, moment: datetime) -> None:
    assert read_time(text, zone) == to_us(moment)


@pytest.mark.parametrize(
    ("text", "zone", "sentence"),
    [
        (
            "2026-03-29T02:30",
            "Europe/Berlin",
            "Clocks in Europe/Berlin show 2026-03-29 02:30:00 at no time. "
            "Write it with its offset: 2026-03-29T02:30+01:00 or 2026-03-29T02:30+02:00.",
        ),
        (
            "2026-10-25 02:30",
            "Europe/Berlin",
            "Clocks in Europe/Berlin show 2026-10-25 02:30:00 twice. "
            "Write it with its offset: 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00.",
        ),
        (
            "2011-12-30T12:00",
            "Pacific/Apia",
            "Clocks in Pacific/Apia show 2011-12-30 12:00:00 at no time. "
            "Write it with its offset: 2011-12-30T12:00-10:00 or 2011-12-30T12:00+14:00.",
        ),
    ],
)
def test_a_time_in_a_gap_or_shown_twice_is_refused_with_what_to_write(text: str, zone: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared whole
        read_time(text, zone)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "18:00",
        "2026-12-01T18",
        "2026-12-01T18:60",
        "2026-12-01T24:00Z",
        "2026-12-01T18:00:60Z",
        "2026-12-01T18:00:00.1234567Z",
        "2026-12-01T18:00+0100",
        "2026-12-01T18:00+99:00",
        "2026-13-01",
        "2026-W49-2",
        "20261201T1800",
        "1796144400",
        "2026-12-01T18:00Z\n",
        "２０２６-12-01T18:00Z",
        "2026-12-01T18:00\0",
    ],
)
def test_what_is_no_time_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared whole
        read_time(text, "UTC")
    assert str(caught.value) == f"{text!r} is no time. {HOW}"


@pytest.mark.parametrize(
    ("zone", "text"), [("UTC", "2026-12-01T18:00:00+00:00"), ("Asia/Kathmandu", "2026-12-01T23:45:00+05:45")]
)
def test_a_time_is_written_as_the_zone_s_clocks_show_it_and_can_be_read_again(zone: str, text: str) -> None:
    assert write_time(to_us(SIX_UTC), zone) == text
    assert read_time(text, "Pacific/Apia") == to_us(SIX_UTC)
