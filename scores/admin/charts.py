"""Pictures drawn on the server: plain SVG without a script, coloured by classes of desk.css so that they follow the theme.

What matters is told by shape and place, and again in words: in the description of the picture and in the title of each mark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import ceil
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 52, 14, 12, 36
CURVE_HEIGHT, BARS_HEIGHT = 240, 150
SIGN_SIZE = 5
#: A shorter time than this is not stretched over the whole width.
SHORTEST = timedelta(minutes=10)
#: Refusals nearer to each other than this are one mark.
CELL = 12
MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = [
    *(MINUTE * count for count in (1, 5, 15, 30)),
    *(HOUR * count for count in (1, 3, 6, 12)),
    *(DAY * count for count in (1, 2, 7, 14, 30, 90, 365)),
]
#: About how many times and values are written at the axes.
MOST_TIMES, MOST_VALUES = 6, 4
#: The outline of each sign around (0, 0), one unit being half its size.
SIGNS: dict[str, list[tuple[float, float]]] = {
    "void": [(-1, -1), (1, -1), (0, 1)],
    "restore": [(-1, 1), (1, 1), (0, -1)],
    "adjust": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "freeze": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "unfreeze": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
}


@dataclass(frozen=True, slots=True)
class Point:
    """What a player had from this moment on."""

    at: datetime
    balance: int


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


class Scale:
    """Turns times and values into places in the picture, which reaches from one round value to another."""

    def __init__(self, times: Sequence[datetime], lowest: int, highest: int, height: int) -> None:
        self.step = round_up(ceil((highest - lowest) / MOST_VALUES))
        self.begin = min(times)
        self.end = max(*times, self.begin + SHORTEST)
        self.span = (self.end - self.begin).total_seconds()
        self.lowest = lowest // self.step * self.step
        self.highest = max(-(-highest // self.step), 1) * self.step
        self.bottom = height - BOTTOM

    def x(self, moment: datetime) -> float:
        return round(LEFT + (moment - self.begin).total_seconds() / self.span * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.lowest) / (self.highest - self.lowest)
        return round(self.bottom - share * (self.bottom - TOP), 1)


def draw_curve(
    name: str, title: str, points: Sequence[Point], marks: Sequence[Mark], frozen: Iterable[tuple[datetime, datetime]]
) -> SafeString:
    """Draw points over time, a step for each; `points` are not empty, and in order."""
    times = [point.at for point in points] + [mark.at for mark in marks]
    scale = Scale(times, 0, max(point.balance for point in points), CURVE_HEIGHT)
    description = (
        f"From {points[0].balance:,} points on {format_moment(points[0].at)} UTC "
        f"to {points[-1].balance:,} on {format_moment(points[-1].at)} UTC."
    )
    svg = _begin(name, title, f"{description} {_count_marks(marks)}".strip(), CURVE_HEIGHT)
    for begin, end in frozen:
        x, until = scale.x(begin), scale.x(min(end, scale.end))
        box = {"x": f"{x}", "y": f"{TOP}", "width": f"{max(until - x, 1):.1f}", "height": f"{scale.bottom - TOP}"}
        SubElement(SubElement(svg, "rect", {"class": "frozen", **box}), "title").text = "Frozen"
    _draw_values(svg, scale)
    _draw_times(svg, scale)
    path = f"M{scale.x(points[0].at)} {scale.y(points[0].balance)}" + "".join(
        f"H{scale.x(point.at)}V{scale.y(point.balance)}" for point in points[1:]
    )
    # The present lasts to the right edge.
    path += f"H{scale.x(scale.end)}"
    ground = scale.bottom
    SubElement(svg, "path", {"class": "area", "d": f"{path}V{ground}H{scale.x(points[0].at)}Z"})
    SubElement(svg, "path", {"class": "curve", "d": path})
    for mark in _merge_refusals(marks, scale):
        y = ground if mark.balance is None else scale.y(mark.balance)
        SubElement(_draw_sign(svg, mark.kind, scale.x(mark.at), y), "title").text = mark.text
    return _end(svg)


def draw_bars(name: str, title: str, bars: Sequence[Bar], width_seconds: int, *, words: str = "updates") -> SafeString:
    """Draw a bar for each stretch of time, what was refused below the line. `bars` are evenly spaced, without gaps."""
    total, refused = sum(bar.count for bar in bars), sum(bar.refused for bar in bars)
    description = f"{total:,} {words}" + (f", {refused:,} refusals." if refused else ".")
    svg = _begin(name, title, description, BARS_HEIGHT)
    end = bars[-1].at + timedelta(seconds=width_seconds)
    most, most_refused = max(bar.count for bar in bars), max(bar.refused for bar in bars)
    scale = Scale([bars[0].at, end], -most_refused, most, BARS_HEIGHT)
    _draw_values(svg, scale)
    _draw_times(svg, scale)
    width = max((WIDTH - LEFT - RIGHT) / len(bars) - 1.5, 1)
    for bar in bars:
        for kind, value, what in (("bar", bar.count, words), ("bar refused", -bar.refused, "refusals")):
            if value:
                top, bottom = sorted((scale.y(value), scale.y(0)))
                # What happened once in a busy hour is to be seen too.
                height = max(bottom - top, 1.5)
                y = scale.y(0) - height if value > 0 else scale.y(0)
                place = {"x": f"{scale.x(bar.at)}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
                label = f"{format_moment(bar.at)}: {abs(value):,} {what}"
                SubElement(SubElement(svg, "rect", {"class": kind, **place}), "title").text = label
    ground = f"{scale.y(0)}"
    SubElement(svg, "line", {"class": "ground", "x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": ground, "y2": ground})
    return _end(svg)


def draw_sign(kind: str) -> SafeString:
    """Draw a sign alone, for the legend, where words stand beside it."""
    svg = Element("svg", {"class": "sign", "viewBox": "-8 -8 16 16", "aria-hidden": "true"})
    _draw_sign(svg, kind, 0, 0)
    return _end(svg)


def round_up(value: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50, ... that is not below `value`."""
    power: int = 10 ** (len(str(value)) - 1)
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= value)


def format_moment(moment: datetime) -> str:
    return date_format(moment, "j M Y H:i")


def format_value(value: int) -> str:
    """Short enough for an axis."""
    for power, letter in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= power:
            return f"{abs(value) / power:.3g}{letter}"
    return str(abs(value))


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
        text = heap[0].text if len(heap) == 1 else f"{count:,} refusals from {format_moment(heap[0].at)} UTC"
        yield Mark(heap[0].at, heap[0].kind, text, count=count)


def _begin(name: str, title: str, description: str, height: int) -> Element:
    labels = f"{name}-title {name}-description"
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "class": "chart",
            "role": "img",
            "aria-labelledby": labels,
        },
    )
    SubElement(svg, "title", {"id": f"{name}-title"}).text = title
    SubElement(svg, "desc", {"id": f"{name}-description"}).text = description
    return svg


def _end(svg: Element) -> SafeString:
    return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308 - ElementTree has escaped every text


def _draw_values(svg: Element, scale: Scale) -> None:
    for value in range(scale.lowest, scale.highest + 1, scale.step):
        y = scale.y(value)
        SubElement(
            svg, "line", {"class": "grid", "x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": f"{y}", "y2": f"{y}"}
        )
        SubElement(svg, "text", {"class": "value", "x": f"{LEFT - 8}", "y": f"{y}"}).text = format_value(value)


def _draw_times(svg: Element, scale: Scale) -> None:
    step = next((step for step in STEPS if scale.span / step <= MOST_TIMES), int(scale.span) // MOST_TIMES)
    first = ceil(scale.begin.timestamp() / step) * step
    for seconds in range(first, int(scale.end.timestamp()) + 1, step):
        moment = datetime.fromtimestamp(seconds, tz=UTC)
        words = (
            date_format(moment, "H:i" if seconds % DAY else "j M") if step < 30 * DAY else date_format(moment, "M Y")
        )
        SubElement(svg, "text", {"class": "time", "x": f"{scale.x(moment)}", "y": f"{scale.bottom + 26}"}).text = words


def _draw_sign(svg: Element, kind: str, x: float, y: float) -> Element:
    if kind not in SIGNS:
        size = SIGN_SIZE * 0.8
        cross = f"M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
        return SubElement(svg, "path", {"class": f"mark {kind}", "d": cross})
    corners = " ".join(f"{x + dx * SIGN_SIZE:.1f},{y + dy * SIGN_SIZE:.1f}" for dx, dy in SIGNS[kind])
    return SubElement(svg, "polygon", {"class": f"mark {kind}", "points": corners})
