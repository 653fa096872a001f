"""The picture that other sites show beside a link to this one: the title and the present top 3."""

import functools
import unicodedata
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import regex
from PIL import Image, ImageDraw, ImageFont

from scores.board.standings import BoardRow
from scores.colours import DARK, mix

#: What previews are made for (Open Graph has no rule of its own): 1.91 to 1.
SIZE = (1200, 630)
EDGE = 72
FONT = Path(__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"
#: Letters that are drawn one after another as they are written. Others change with their neighbours or run the other way, which takes
#: a shaper that not every machine has: wrongly joined a name would be worse than none.
PLAIN = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}--[\p{M}\p{C}]]+", regex.VERSION1)
#: Stands for a name that this font cannot write.
UNWRITABLE = "(name on the board)"
MEDALS = ("#f0bf4c", "#c6ccd2", "#dc9d6e")
ROW = 124


def draw_share_picture(title: str, rows: Sequence[BoardRow], as_of: str, accent: str) -> bytes:
    """Draw the first three of these rows, as a PNG; `as_of` is when they were read."""
    image = Image.new("RGB", SIZE, DARK.paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 12), fill=accent)
    _write(draw, (EDGE, 92), _writable(title, "Scoreboard"), 56, DARK.ink, SIZE[0] - 2 * EDGE)
    for place, row in enumerate(rows[:3]):
        _draw_row(draw, 166 + place * ROW, row, MEDALS[place])
    muted = mix(DARK.ink, DARK.paper, 0.35)
    words = f"{as_of[:10]} {as_of[11:16]} UTC" if rows else "Nobody has points yet."
    _write(draw, (EDGE, SIZE[1] - 46), words, 26, muted, SIZE[0] - 2 * EDGE)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_row(draw: ImageDraw.ImageDraw, top: int, row: BoardRow, medal: str) -> None:
    middle = top + ROW // 2
    draw.line((EDGE, top, SIZE[0] - EDGE, top), fill=mix(DARK.paper, DARK.ink, 0.2), width=2)
    draw.ellipse((EDGE, middle - 38, EDGE + 76, middle + 38), fill=medal)
    draw.text((EDGE + 38, middle), str(row["rank"]), font=_font(40), fill=DARK.paper, anchor="mm")
    points = f"{row['score']:,}"
    right = SIZE[0] - EDGE
    draw.text((right, middle), points, font=_font(44), fill=DARK.ink, anchor="rm")
    left = EDGE + 108
    room = right - left - draw.textlength(points, _font(44)) - 40
    _write(draw, (left, middle), _writable(row["name"], UNWRITABLE), 44, DARK.ink, room)


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: str, room: float) -> None:
    """Write in one line, which ends in an ellipsis where there is no room for all of it."""
    font = _font(size)
    shown = text
    while draw.textlength(shown, font) > room:
        text = text[:-1]
        shown = f"{text.rstrip()}…"
    draw.text(place, shown, font=font, fill=colour, anchor="lm")


def _writable(text: str, otherwise: str) -> str:
    text = unicodedata.normalize("NFC", text)
    return text if PLAIN.fullmatch(text) and all(map(_has_glyph, text)) else otherwise


@functools.lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    """Whether the font draws it as something else than a character that no font has."""
    return character.isspace() or bytes(_font(20).getmask(character)) != bytes(_font(20).getmask("\U0010fffe"))


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # The same on every machine, whether or not it has a shaper.
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)
