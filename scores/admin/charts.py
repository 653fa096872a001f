"""The pictures of the desk, coloured by classes of desk.css. Each mark says in its title what it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from django.utils.safestring import SafeString

from scores.admin.times import write_moment
from scores.drawing import (
    CURVE_HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Point,
    Scale,
    begin_picture,
    draw_steps,
    draw_times,
    draw_values,
    end_picture,
)

BARS_HEIGHT = 150
SIGN_SIZE = 5
#: Refusals nearer to each other than this are one mark.
CELL = 12
#: The outline of each sign around (0, 0), one unit being half its size.
SIGNS: dict[str, list[tuple[float, float]]] = {
    "void": [(-1, -1), (1, -1), (0, 1)],
    "restore": [(-1, 1), (1, 1), (0, -1)],
    "adjust": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "import": [(-1.1, 0), (-0.5, -1), (0.5, -1), (1.1, 0), (0.5, 1), (-0.5, 1)],
    "freeze": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "unfreeze": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as the sign of its kind; `balance` is None for a refusal, which lies on the ground."""

    at: datetime
    kind: str
    text: str
    balance: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """How often something happened from this moment on; what was refused hangs below the line."""

    at: datetime
    count: int
    refused: int = 0


def draw_curve(
    name: str, title: str, points: Sequence[Point], marks: Sequence[Mark], frozen: Iterable[tuple[datetime, datetime]]
) -> SafeString:
    """Draw points over time, a step for each; `points` are not empty, and in order."""
    times = [point.at for point in points] + [mark.at for mark in marks]
    scale = Scale(times, 0, max(point.balance for point in points), CURVE_HEIGHT)
    description = (
        f"From {points[0].balance:,} points on {write_moment(points[0].at)} "
        f"to {points[-1].balance:,} on {write_moment(points[-1].at)}."
    )
    svg = begin_picture(name, title, f"{description} {_count_marks(marks)}".strip(), CURVE_HEIGHT)
    for begin, end in frozen:
        x, until = scale.x(begin), scale.x(min(end, scale.end))
        box = {"x": f"{x}", "y": f"{TOP}", "width": f"{max(until - x, 1):.1f}", "height": f"{scale.bottom - TOP}"}
        SubElement(SubElement(svg, "rect", {"class": "frozen", **box}), "title").text = "Frozen"
    draw_values(svg, scale)
    draw_times(svg, scale)
    draw_steps(svg, scale, points)
    ground = scale.bottom
    for mark in _merge_refusals(marks, scale):
        y = ground if mark.balance is None else scale.y(mark.balance)
        SubElement(_draw_sign(svg, mark.kind, scale.x(mark.at), y), "title").text = mark.text
    return end_picture(svg)


def draw_bars(name: str, title: str, bars: Sequence[Bar], width_seconds: int, *, words: str = "updates") -> SafeString:
    """Draw a bar for each stretch of time, what was refused below the line. `bars` are evenly spaced, without gaps."""
    total, refused = sum(bar.count for bar in bars), sum(bar.refused for bar in bars)
    description = f"{total:,} {words}" + (f", {refused:,} refusals." if refused else ".")
    svg = begin_picture(name, title, description, BARS_HEIGHT)
    end = bars[-1].at + timedelta(seconds=width_seconds)
    most, most_refused = max(bar.count for bar in bars), max(bar.refused for bar in bars)
    scale = Scale([bars[0].at, end], -most_refused, most, BARS_HEIGHT)
    draw_values(svg, scale)
    draw_times(svg, scale)
    width = max((WIDTH - LEFT - RIGHT) / len(bars) - 1.5, 1)
    for bar in bars:
        for kind, value, what in (("bar", bar.count, words), ("bar refused", -bar.refused, "refusals")):
            if value:
                top, bottom = sorted((scale.y(value), scale.y(0)))
                # What happened once in a busy hour is to be seen too.
                height = max(bottom - top, 1.5)
                y = scale.y(0) - height if value > 0 else scale.y(0)
                place = {"x": f"{scale.x(bar.at)}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
                label = f"{write_moment(bar.at)}: {abs(value):,} {what}"
                SubElement(SubElement(svg, "rect", {"class": kind, **place}), "title").text = label
    ground = f"{scale.y(0)}"
    SubElement(svg, "line", {"class": "ground", "x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": ground, "y2": ground})
    return end_picture(svg)


def draw_sign(kind: str) -> SafeString:
    """Draw a sign alone, for the legend, where words stand beside it."""
    svg = Element("svg", {"class": "sign", "viewBox": "-8 -8 16 16", "aria-hidden": "true"})
    _draw_sign(svg, kind, 0, 0)
    return end_picture(svg)


def _count_marks(marks: Iterable[Mark]) -> str:
    kinds = sorted(marks, key=lambda mark: mark.kind)
    counts = [(kind, sum(mark.count for mark in group)) for kind, group in groupby(kinds, lambda mark: mark.kind)]
    return "Marked: " + ", ".join(f"{kind} {count:,}" for kind, count in counts) + "." if counts else ""


def _merge_refusals(marks: Iterable[Mark], scale: Scale) -> Iterable[Mark]:
    """Keep each correction; make one mark of refusals that would lie upon each other."""
    yield from (mark for mark in marks if mark.balance is not None)
    refusals = sorted((mark for mark in marks if mark.balance is None), key=lambda mark: mark.at)
    for _, group in groupby(refusals, lambda mark: scale.x(mark.at) // CELL):
        heap = list(group)
        count = sum(mark.count for mark in heap)
        text = heap[0].text if len(heap) == 1 else f"{count:,} refusals from {write_moment(heap[0].at)}"
        yield Mark(heap[0].at, heap[0].kind, text, count=count)


def _draw_sign(svg: Element, kind: str, x: float, y: float) -> Element:
    if kind not in SIGNS:
        size = SIGN_SIZE * 0.8
        cross = f"M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
        return SubElement(svg, "path", {"class": f"mark {kind}", "d": cross})
    corners = " ".join(f"{x + dx * SIGN_SIZE:.1f},{y + dy * SIGN_SIZE:.1f}" for dx, dy in SIGNS[kind])
    return SubElement(svg, "polygon", {"class": f"mark {kind}", "points": corners})
