"""The site's colours: how well one reads on another (WCAG 2.2), and the shades that pages take of the accent."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Of text on what is behind it (WCAG 1.4.3); what is no text needs 3:1 (1.4.11).
READABLE = 4.5
WHITE, BLACK = "#ffffff", "#000000"


class Theme(NamedTuple):
    """What is behind everything in a theme; as board.css has it, which a test holds."""

    name: str
    paper: str
    panel: str
    ink: str


LIGHT = Theme("light", "#faf7ef", "#fffdf8", "#1c1a15")
DARK = Theme("dark", "#11171a", "#182024", "#f3eee2")
#: As board.css has them, for where no style sheet reaches.
DEFAULT_ACCENTS = ("#0b6848", "#63d2a2")


class Shades(NamedTuple):
    """The accent in one theme, what is written on it, and the background of a row that has just risen."""

    accent: str
    on_accent: str
    mark: str


class Faint(NamedTuple):
    """An accent that does not read in a theme: the ratio on the background where it reads worst."""

    theme: str
    accent: str
    background: str
    ratio: float


def measure_contrast(first: str, second: str) -> float:
    """Measure the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_measure_luminance(first), _measure_luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """Mix into a colour so much of another, 0 to 1."""
    pairs = zip(_split(colour), _split(other), strict=True)
    return "#" + "".join(f"{round(mine * (1 - share) + its * share):02x}" for mine, its in pairs)


def choose_accents(named: Sequence[str]) -> tuple[str, str]:
    """Choose the accents of the light and the dark theme: those that are named, of one alone a shade that reads in the dark."""
    if len(named) > 1:
        return named[0], named[1]
    if not named:
        return DEFAULT_ACCENTS
    shades = (mix(named[0], WHITE, step / 20) for step in range(21))
    return named[0], next(shade for shade in shades if _find_worst(shade, DARK).ratio >= READABLE)


def shade(accent: str, theme: Theme) -> Shades:
    """Give the shades of an accent in a theme."""
    on_accent = max(WHITE, BLACK, key=lambda colour: measure_contrast(colour, accent))
    return Shades(accent, on_accent, mix(theme.paper, accent, 0.1))


def find_faint(named: Sequence[str]) -> Iterator[Faint]:
    """Find the themes in which the accents that are named do not read as text."""
    for accent, theme in zip(choose_accents(named), (LIGHT, DARK), strict=True):
        worst = _find_worst(accent, theme)
        if worst.ratio < READABLE:
            yield worst


def _find_worst(accent: str, theme: Theme) -> Faint:
    backgrounds = (theme.paper, theme.panel, shade(accent, theme).mark)
    return min(
        (Faint(theme.name, accent, each, measure_contrast(accent, each)) for each in backgrounds),
        key=lambda faint: faint.ratio,
    )


def _measure_luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (_to_linear(channel / 255) for channel in _split(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _split(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
