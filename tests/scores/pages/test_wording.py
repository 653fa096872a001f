"""Periods in the reader's words."""

from collections.abc import Iterator

import pytest
from django.utils.translation import override

from audit.times import SECOND_US
from scores.board.lookup import CLOSED, CLOSING, OPEN, PeriodView
from scores.pages.wording import (
    describe_duration,
    describe_emptiness,
    describe_moment,
    describe_order,
    describe_period,
    describe_table,
)

pytestmark = pytest.mark.any_database
#: 2026-03-29T01:00:00Z, when clocks in Berlin go from 2 to 3.
CHANGE_US = 1_774_746_000 * SECOND_US


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.mark.parametrize(
    ("span", "name", "english", "german"),
    [
        ("all", "all", "All time", "Seit jeher"),
        ("day", "2011-12-30", "December 30, 2011", "30. Dezember 2011"),
        ("day", "9998-01-02", "January 2, 9998", "2. Januar 9998"),
        ("week", "2026-W01", "Week 1, 2026", "Woche 1, 2026"),
        ("week", "2020-W53", "Week 53, 2020", "Woche 53, 2020"),
        ("month", "2026-03", "March 2026", "März 2026"),
        ("year", "2026", "2026", "2026"),
        ("season", "winter-2026", "winter-2026", "winter-2026"),
    ],
)
def test_a_period_is_called_as_people_call_it(span: str, name: str, english: str, german: str) -> None:
    assert describe_period(span, name) == english
    with override("de"):
        assert describe_period(span, name) == german


def test_a_moment_is_what_clocks_of_the_zone_show() -> None:
    assert describe_moment("UTC", CHANGE_US) == "March 29, 2026, 1:00 AM"
    assert describe_moment("Europe/Berlin", CHANGE_US - 1) == "March 29, 2026, 1:59 AM"
    assert describe_moment("Europe/Berlin", CHANGE_US) == "March 29, 2026, 3:00 AM"
    with override("de"):
        assert describe_moment("Asia/Kolkata", CHANGE_US) == "29. März 2026, 06:30"


@pytest.mark.parametrize(
    ("span", "starts_us", "state", "sentence"),
    [
        ("day", 0, OPEN, "Nobody yet today."),
        ("day", 0, CLOSING, "Nobody yet today."),
        ("day", 0, CLOSED, "Nobody took part."),
        ("day", 20, OPEN, "This has not begun yet."),
        ("season", 0, OPEN, "Nobody yet this season."),
        ("all", 0, OPEN, "Nobody has points yet."),
    ],
)
def test_an_empty_period_is_told_in_words_of_its_span(span: str, starts_us: int, state: str, sentence: str) -> None:
    assert describe_emptiness(span, PeriodView("x", starts_us, 99, state, None, 10)) == sentence


def test_a_table_of_times_says_which_way_it_goes() -> None:
    assert describe_table(ascending=False) == "The players with the most points."
    assert describe_table(ascending=True) == "The players with the fewest points."
    assert describe_order() == "The fewest points come first."


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (1, "1 second", "1 Sekunde"), (119, "119 seconds", "119 Sekunden"), (120, "2 minutes", "2 Minuten"),
        (121, "3 minutes", "3 Minuten"), (5400, "1 hour, 30 minutes", "1 Stunde, 30 Minuten"), (86_400, "1 day", "1 Tag"),
    ],
)  # fmt: skip
def test_a_stretch_of_time_is_told_in_units_that_people_use(seconds: int, english: str, german: str) -> None:
    assert describe_duration(seconds).replace("\xa0", " ") == english
    with override("de"):
        assert describe_duration(seconds).replace("\xa0", " ") == german
