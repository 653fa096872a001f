"""The parts of pictures: axes with round values, a step for each change, and all of it in words too."""

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scores.drawing import (
    CURVE_HEIGHT,
    Point,
    Scale,
    begin_picture,
    draw_steps,
    draw_values,
    end_picture,
    format_value,
    round_up,
)
from tests.support.desk_pages import SVG

pytestmark = pytest.mark.any_database

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_loss_is_drawn_below_the_line() -> None:
    points = [Point(NOON, 0), Point(NOON + timedelta(hours=1), -40), Point(NOON + timedelta(hours=2), 40)]
    scale = Scale([point.at for point in points], -40, 40, CURVE_HEIGHT)
    svg = begin_picture("gain", "Points <b>", "From 0 to 40.", CURVE_HEIGHT)
    draw_values(svg, scale, lambda value: f"{value:+}")
    draw_steps(svg, scale, points)
    picture = fromstring(end_picture(svg))  # noqa: S314 - our own picture
    assert [element.text for element in picture.iter(f"{SVG}text")] == ["-40", "-20", "+0", "+20", "+40"]
    assert (picture.findtext(f"{SVG}title"), picture.findtext(f"{SVG}desc")) == ("Points <b>", "From 0 to 40.")
    area, curve = (path.get("d", "") for path in picture.iter(f"{SVG}path"))
    assert curve == "M52.0 108.0H379.0V204.0H706.0V12.0H706.0"
    assert area == f"{curve}V108.0H52.0Z"


@given(value=st.integers(1, 2**53))
@example(value=10**15 + 1)
def test_the_step_of_an_axis_is_a_round_number_just_above(value: int) -> None:
    top = round_up(value)

    assert value <= top < 2.5 * value
    assert str(top).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (800, "800"),
        (1000, "1k"),
        (2500, "2.5k"),
        (-40, "40"),
        (5 * 10**6, "5M"),
        (8 * 10**9, "8G"),
        (10**15, "1P"),
    ],
)
def test_a_number_on_an_axis_is_short(value: int, text: str) -> None:
    assert format_value(value) == text
