"""The plot of the growth part: an SVG that is read by itself and in light and dark pages alike."""

import math
from collections.abc import Iterable

from benchmarks.table import Row, figure

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, GAP = 960, 260, 60, 50, 40, 24
TITLE_PLACES = 3
#: What may grow, and what it is called.
TITLES = {
    "players": "players",
    "viewers": "viewers",
    "workers": "web processes",
    "connections": "connections",
    "ended periods": "ended periods",
    "boards": "boards",
    "entries": "entries in the log",
}
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .size { font-size: 10px }
  .axis { stroke: #818b98; fill: none } .grid { stroke: #d1d9e0 } .line { stroke: #0969da; stroke-width: 2; fill: none }
  .dot { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .grid { stroke: #3d444d } .line { stroke: #58a6ff } .dot { fill: #58a6ff }
  }
"""


def draw(rows: Iterable[Row]) -> str:
    """One panel for each thing that grew, all with the same scale of updates per second."""
    points: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if row.place and row.rate is not None:
            points.setdefault(row.place[0], []).append((row.place[1], row.rate))
    if not points:
        return ""
    most = _round_up(max(rate for panel in points.values() for _, rate in panel))
    kinds = [kind for kind in TITLES if kind in points]
    # Each as wide as its points need, and as its title does.
    places = {kind: max(len(points[kind]), TITLE_PLACES) for kind in kinds}
    each = (WIDTH - LEFT - GAP * len(kinds)) / sum(places.values())
    panels, left = [], float(LEFT)
    for kind in kinds:
        panels.append(_draw_panel(TITLES[kind], points[kind], most, left, each * places[kind]))
        left += each * places[kind] + GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' aria-label="Updates per second against {", ".join(TITLES[kind] for kind in kinds)}">',
            f"<style>{STYLE}</style>",
            f'<text x="{LEFT}" y="16" class="title">Updates per second, as this grows:</text>',
            *(_draw_height(most * part / 4, most) for part in range(5)),
            *panels,
            "</svg>\n",
        ]
    )


def _draw_height(rate: float, most: float) -> str:
    y = _y(rate, most)
    return (
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - GAP}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{figure(rate, 0)}</text>'
    )


def _draw_panel(title: str, points: list[tuple[int, float]], most: float, left: float, width: float) -> str:
    places = [
        (left + width * (number + 0.5) / len(points), _y(rate, most), size)
        for number, (size, rate) in enumerate(points)
    ]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
    marks = (
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle" class="size">{_short(size)}</text>'
        for x, y, size in places
    )
    return "\n".join(
        [
            f'<path class="axis" d="M{left:.1f} {HEIGHT - BOTTOM}h{width:.1f}"/><path class="line" d="M{line}"/>',
            *marks,
            f'<text x="{left + width / 2:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{title}</text>',
        ]
    )


def _y(rate: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * rate / most


def _short(size: int) -> str:
    for unit, name in ((1_000_000, "M"), (1000, "k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return str(size)


def _round_up(value: float) -> float:
    """To one digit, and a number that four parts divide well."""
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= value)
