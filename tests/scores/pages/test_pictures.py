"""The pictures of a player's page: what was gained and what there was, in words beside them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest
from django.utils.translation import override

from scores.drawing import Point
from scores.pages.pictures import Picture, draw_gain, draw_points
from tests.support.desk_pages import SVG

pytestmark = pytest.mark.any_database
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def parse(picture: Picture) -> Element:
    svg = fromstring(picture.svg)  # noqa: S314 - our own picture
    assert (svg.findtext(f"{SVG}title"), svg.findtext(f"{SVG}desc")) == (picture.title, picture.words)
    return svg


def values(svg: Element) -> list[str | None]:
    return [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "value"]


def test_the_day_begins_at_nothing_whatever_there_was_before() -> None:
    picture = draw_gain([Point(NOW - DAY, 50_000), Point(NOW - HOUR, 50_020)], NOW)
    assert picture.words == "+20 points in the last 24 hours."
    assert values(parse(picture)) == ["0", "5", "10", "15", "20"]
    with override("de"):
        assert (
            draw_gain([Point(NOW - DAY, 0), Point(NOW, 1200)], NOW).words == "+1.200 Punkte in den letzten 24 Stunden."
        )


def test_a_loss_is_below_nothing_and_a_quiet_day_is_a_line() -> None:
    picture = draw_gain([Point(NOW - DAY, 50), Point(NOW - HOUR, 20)], NOW)
    assert picture.words == "-30 points in the last 24 hours."
    assert values(parse(picture)) == ["−30", "−20", "−10", "0", "10"]
    assert draw_gain([Point(NOW - DAY, 50)], NOW).words == "0 points in the last 24 hours."


def test_whoever_began_later_had_nothing_before() -> None:
    svg = parse(picture := draw_points([Point(NOW - 9 * DAY, 30), Point(NOW - DAY, 50)], NOW))
    assert picture.words == "From 30 points on November 18, 2026 to 50."
    [curve] = [path.get("d", "") for path in svg.iter(f"{SVG}path") if path.get("class") == "curve"]
    assert curve.startswith("M52.0 144.0H640.6V")


def test_whoever_began_before_has_had_something_all_the_time() -> None:
    svg = parse(draw_points([Point(NOW - 90 * DAY, 30)], NOW))
    [curve] = [path.get("d", "") for path in svg.iter(f"{SVG}path") if path.get("class") == "curve"]
    assert curve == "M52.0 12.0H706.0V12.0H706.0"
