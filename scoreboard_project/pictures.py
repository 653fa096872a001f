"""A picture that an operator names by its path: an SVG or a PNG of a bounded size, with its proportions."""

import re
import struct
from pathlib import Path
from typing import NamedTuple

MAXIMUM_BYTES = 256 * 1024
#: The signature and the head of the first chunk, then width and height (PNG, third edition, 5.2 and 11.2.1).
PNG_HEAD = re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR(.{8})", re.DOTALL)
#: The root element, after nothing but what XML lets stand before it.
SVG_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<(?:\?|!--|!DOCTYPE).*?>\s*)*(<svg\s[^>]*>)", re.DOTALL)
VIEW_BOX = re.compile(rb"""\sviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)\s*["']""")


class Picture(NamedTuple):
    """What is served, and in which proportions it is shown."""

    media_type: str
    body: bytes
    width: int
    height: int


def read_picture(path: Path) -> Picture:
    """Read a picture. Raises OSError, and ValueError that says what the file does: it ends "... names PATH, which"."""
    with path.open("rb") as file:
        body = file.read(MAXIMUM_BYTES + 1)
    if len(body) > MAXIMUM_BYTES:
        raise ValueError(f"is larger than {MAXIMUM_BYTES // 1024} KiB")
    if head := PNG_HEAD.match(body):
        width, height = struct.unpack(">II", head[1])
        return _check(Picture("image/png", body, width, height))
    if not (root := SVG_ROOT.match(body)):
        raise ValueError("is neither SVG nor PNG")
    if not (box := VIEW_BOX.search(root[1])):
        raise ValueError("is an SVG without a viewBox, so nothing says its proportions")
    try:
        width, height = (max(1, round(float(side))) for side in box.groups())
    except ValueError:
        raise ValueError("is an SVG whose viewBox is not four numbers") from None
    return _check(Picture("image/svg+xml", body, width, height))


def _check(picture: Picture) -> Picture:
    if not (0 < picture.width <= 8 * picture.height and 0 < picture.height <= 8 * picture.width):
        raise ValueError("is more than eight times as long one way as the other")
    return picture
