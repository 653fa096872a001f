"""The pictures of a player's page, with their words in the reader's language."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from scores.drawing import (
    Point,
    Scale,
    begin_picture,
    draw_steps,
    draw_times,
    draw_values,
    end_picture,
    format_value,
)

HEIGHT = 180


class Picture(NamedTuple):
    """A picture, and what it says, to stand beside it."""

    title: str
    words: str
    svg: SafeString


def draw_gain(points: Sequence[Point], now: datetime) -> Picture:
    """Draw what was gained over the last day, or lost; `points` are not empty, and in order."""
    gains = [Point(point.at, point.balance - points[0].balance) for point in points]
    gain = gains[-1].balance
    words = _("%(points)s points in the last 24 hours.") % {"points": f"{'+' if gain > 0 else ''}{number_format(gain)}"}
    return _draw("gain", _("Points gained in the last 24 hours"), words, [*gains, Point(now, gains[-1].balance)])


def draw_points(points: Sequence[Point], now: datetime) -> Picture:
    """Draw the points over the last 90 days, or since the first of them; `points` are not empty, and in order."""
    first, last = points[0], points[-1]
    words = _("From %(before)s points on %(day)s to %(after)s.") % {
        "before": number_format(first.balance),
        "day": date_format(first.at, _("F j, Y")),
        "after": number_format(last.balance),
    }
    begin = Point(now - timedelta(days=90), 0)
    # Who began later had nothing before.
    before = [begin] if first.at > begin.at else []
    return _draw("points", _("Points over the last 90 days"), words, [*before, *points, Point(now, last.balance)])


def _draw(name: str, title: str, words: str, points: Sequence[Point]) -> Picture:
    balances = [point.balance for point in points]
    scale = Scale([point.at for point in points], min(0, *balances), max(0, *balances), HEIGHT)
    svg = begin_picture(name, title, words, HEIGHT)
    draw_values(svg, scale, lambda value: f"−{format_value(value)}" if value < 0 else format_value(value))
    draw_times(svg, scale)
    draw_steps(svg, scale, points)
    return Picture(title, words, end_picture(svg))
