"""The pictures of the desk: what is drawn lies within the picture, at the right place, and is told in words too."""

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scores.admin.charts import BARS_HEIGHT, CELL, Bar, Mark, draw_bars, draw_curve
from scores.drawing import BOTTOM, CURVE_HEIGHT, HOUR, LEFT, RIGHT, TOP, WIDTH, Point
from tests.support.desk_pages import SVG

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KINDS = ["void", "restore", "adjust", "import", "freeze", "unfreeze"]


def parse(svg: str) -> Element:
    return fromstring(svg)  # noqa: S314 - our own picture


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def of_class(svg: Element, name: str) -> list[Element]:
    return [element for element in svg.iter() if name in element.get("class", "").split()]


def labels(svg: Element, name: str) -> list[str | None]:
    return [element.text for element in of_class(svg, name)]


def test_a_curve_is_a_step_for_each_change_from_edge_to_edge() -> None:
    svg = parse(
        draw_curve("curve", "Points", [Point(after(0), 0), Point(after(50), 50), Point(after(100), 100)], [], [])
    )

    bottom, middle = CURVE_HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    [curve] = of_class(svg, "curve")
    assert curve.get("d") == (
        f"M{LEFT:.1f} {bottom:.1f}H{middle:.1f}V{(bottom + TOP) / 2:.1f}"
        f"H{WIDTH - RIGHT:.1f}V{TOP:.1f}H{WIDTH - RIGHT:.1f}"
    )
    assert labels(svg, "value") == ["0", "50", "100"]
    assert labels(svg, "time") == ["12:00", "12:30", "13:00", "13:30"]


def test_one_entry_is_a_picture_too() -> None:
    svg = parse(draw_curve("curve", "Points", [Point(NOON, 10)], [], []))

    assert svg.findtext(f"{SVG}desc") == ("From 10 points on 2026-11-23 12:00:00 UTC to 10 on 2026-11-23 12:00:00 UTC.")
    assert labels(svg, "time") == ["12:00", "12:05", "12:10"]


def test_refusals_upon_each_other_are_one_mark_that_counts_them() -> None:
    points = [Point(after(0), 0), Point(after(WIDTH), 1)]
    refusals = [Mark(after(minutes), "refusal", "1 × cooldown", count=2) for minutes in (0, 1, 300)]

    svg = parse(draw_curve("curve", "Points", points, refusals, []))

    assert [mark.findtext(f"{SVG}title") for mark in of_class(svg, "refusal")] == [
        "4 refusals from 2026-11-23 12:00:00 UTC",
        "1 × cooldown",
    ]


def test_a_freeze_without_an_end_lasts_to_the_edge() -> None:
    points = [Point(after(0), 0), Point(after(100), 1)]

    svg = parse(draw_curve("curve", "Points", points, [], [(after(50), datetime.max.replace(tzinfo=UTC))]))

    [band] = of_class(svg, "frozen")
    assert float(band.get("x", "")) + float(band.get("width", "")) == pytest.approx(WIDTH - RIGHT, abs=0.2)


def test_bars_stand_on_the_line_and_refusals_hang_below_it() -> None:
    svg = parse(draw_bars("bars", "Traffic", [Bar(after(0), 4, 2), Bar(after(60), 0), Bar(after(120), 1)], HOUR))

    [ground] = {line.get("y1") for line in of_class(svg, "ground")}
    line = float(ground or "")
    bars = [(bar, float(bar.get("y", "")), float(bar.get("height", ""))) for bar in of_class(svg, "bar")]
    assert [y + height for bar, y, height in bars if bar.get("class") == "bar"] == pytest.approx([line, line], abs=0.2)
    assert [y for bar, y, _ in bars if bar.get("class") == "bar refused"] == [line]
    assert [bar.findtext(f"{SVG}title") for bar, _, _ in bars] == [
        "2026-11-23 12:00:00 UTC: 4 updates",
        "2026-11-23 12:00:00 UTC: 2 refusals",
        "2026-11-23 14:00:00 UTC: 1 updates",
    ]
    assert svg.findtext(f"{SVG}desc") == "5 updates, 2 refusals."
    assert labels(svg, "value") == ["2", "0", "2", "4"]


def test_once_in_a_busy_hour_is_still_seen() -> None:
    svg = parse(draw_bars("bars", "Traffic", [Bar(after(0), 100_000), Bar(after(60), 1)], HOUR))

    assert min(float(bar.get("height", "")) for bar in of_class(svg, "bar")) == 1.5


def test_what_is_in_a_text_stays_text() -> None:
    mark = Mark(NOON, "void", '</title><script>alert("&")</script>', 5)

    svg = parse(draw_curve("curve", "<b>", [Point(NOON, 10)], [mark], []))

    assert [element.tag for element in svg.iter() if element.tag.endswith("script")] == []
    assert [element.findtext(f"{SVG}title") for element in of_class(svg, "void")] == [mark.text]


@given(
    balances=st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=40),
    gaps=st.lists(st.integers(0, 10**8), min_size=40, max_size=40),
    kinds=st.lists(st.sampled_from(KINDS), max_size=40),
    refusals=st.lists(st.integers(0, 10**8), max_size=200),
)
def test_whatever_happened_is_drawn_within_the_picture(
    balances: list[int], gaps: list[int], kinds: list[str], refusals: list[int]
) -> None:
    moments = [NOON + timedelta(seconds=sum(gaps[: index + 1])) for index in range(len(balances))]
    points = [Point(moment, balance) for moment, balance in zip(moments, balances, strict=True)]
    marks = [Mark(point.at, kind, "", point.balance) for point, kind in zip(points, kinds, strict=False)]
    marks += [Mark(NOON + timedelta(seconds=second), "refusal", "") for second in refusals]

    svg = parse(draw_curve("curve", "Points", points, marks, []))

    drawn = of_class(svg, "mark")
    assert sum(mark.get("class") != "mark refusal" for mark in drawn) == min(len(kinds), len(points))
    assert sum(mark.get("class") == "mark refusal" for mark in drawn) <= WIDTH / CELL + 1
    for text in [*of_class(svg, "value"), *of_class(svg, "time")]:
        assert 0 <= float(text.get("x", "")) <= WIDTH
        assert 0 <= float(text.get("y", "")) <= CURVE_HEIGHT
    assert len(of_class(svg, "time")) <= 8
    assert 2 <= len(of_class(svg, "value")) <= 5


@given(counts=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=168))
def test_every_bar_is_within_the_picture(counts: list[tuple[int, int]]) -> None:
    bars = [Bar(after(60 * number), up, down) for number, (up, down) in enumerate(counts)]

    svg = parse(draw_bars("bars", "Traffic", bars, HOUR))

    assert len(of_class(svg, "bar")) == sum(bool(number) for pair in counts for number in pair)
    assert len(of_class(svg, "value")) <= 6
    for bar in of_class(svg, "bar"):
        assert float(bar.get("x", "")) >= LEFT - 0.1
        assert float(bar.get("x", "")) + float(bar.get("width", "")) <= WIDTH - RIGHT + 0.1
        assert float(bar.get("y", "")) >= TOP - 2
        assert float(bar.get("y", "")) + float(bar.get("height", "")) <= BARS_HEIGHT - BOTTOM + 2
