"""The parts of pictures drawn on the server: plain SVG without a script, coloured by classes so that they follow the theme.

What matters is told by shape and place, and again in words: in the title and the description of the picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 52, 14, 12, 36
CURVE_HEIGHT = 240
#: A shorter time than this is not stretched over the whole width.
SHORTEST = timedelta(minutes=10)
MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = [
    *(MINUTE * count for count in (1, 5, 15, 30)),
    *(HOUR * count for count in (1, 3, 6, 12)),
    *(DAY * count for count in (1, 2, 7, 14, 30, 90, 365)),
]
#: About how many times and values are written at the axes.
MOST_TIMES, MOST_VALUES = 6, 4


@dataclass(frozen=True, slots=True)
class Point:
    """What a player had from this moment on."""

    at: datetime
    balance: int


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


def round_up(value: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50, ... that is not below `value`."""
    power: int = 10 ** (len(str(value)) - 1)
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= value)


def format_value(value: int) -> str:
    """Short enough for an axis."""
    for power, letter in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= power:
            return f"{abs(value) / power:.3g}{letter}"
    return str(abs(value))


def begin_picture(name: str, title: str, description: str, height: int) -> Element:
    """Begin a picture with its title and what it says in words."""
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


def end_picture(svg: Element) -> SafeString:
    """Write the picture as text to put into a page."""
    return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308 - ElementTree has escaped every text


def draw_values(svg: Element, scale: Scale, label: Callable[[int], str] = format_value) -> None:
    """Draw a line across for each round value, with what `label` writes of it at the left."""
    for value in range(scale.lowest, scale.highest + 1, scale.step):
        y = scale.y(value)
        SubElement(
            svg, "line", {"class": "grid", "x1": f"{LEFT}", "x2": f"{WIDTH - RIGHT}", "y1": f"{y}", "y2": f"{y}"}
        )
        SubElement(svg, "text", {"class": "value", "x": f"{LEFT - 8}", "y": f"{y}"}).text = label(value)


def draw_times(svg: Element, scale: Scale) -> None:
    """Write round times, UTC, below."""
    step = next((step for step in STEPS if scale.span / step <= MOST_TIMES), int(scale.span) // MOST_TIMES)
    first = ceil(scale.begin.timestamp() / step) * step
    for seconds in range(first, int(scale.end.timestamp()) + 1, step):
        moment = datetime.fromtimestamp(seconds, tz=UTC)
        words = (
            date_format(moment, "H:i" if seconds % DAY else "j M") if step < 30 * DAY else date_format(moment, "M Y")
        )
        SubElement(svg, "text", {"class": "time", "x": f"{scale.x(moment)}", "y": f"{scale.bottom + 26}"}).text = words


def draw_steps(svg: Element, scale: Scale, points: Sequence[Point]) -> None:
    """Draw what there was over time, a step for each change; `points` are not empty, and in order."""
    path = f"M{scale.x(points[0].at)} {scale.y(points[0].balance)}" + "".join(
        f"H{scale.x(point.at)}V{scale.y(point.balance)}" for point in points[1:]
    )
    # The present lasts to the right edge.
    path += f"H{scale.x(scale.end)}"
    SubElement(svg, "path", {"class": "area", "d": f"{path}V{scale.y(max(scale.lowest, 0))}H{scale.x(points[0].at)}Z"})
    SubElement(svg, "path", {"class": "curve", "d": path})
