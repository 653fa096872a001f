"""A picture that an operator names: of a kind that browsers show, of a bounded size, with proportions that can be shown."""

import struct
from pathlib import Path

import pytest

from scoreboard_project.pictures import MAXIMUM_BYTES, Picture, read_picture

pytestmark = pytest.mark.any_database


def make_png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    )


@pytest.mark.parametrize(
    ("body", "media_type", "width", "height"),
    [
        (make_png(300, 100), "image/png", 300, 100),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"/>', "image/svg+xml", 60, 20),
        (
            b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- a tool -->\n<!DOCTYPE svg>\n<svg\n  viewBox='-1,-1, 24.4 24.4'><g/></svg>",
            "image/svg+xml",
            24,
            24,
        ),
    ],
)
def test_its_kind_and_proportions_are_read(
    body: bytes, media_type: str, width: int, height: int, tmp_path: Path
) -> None:
    (tmp_path / "logo").write_bytes(body)
    assert read_picture(tmp_path / "logo") == Picture(media_type, body, width, height)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "is neither SVG nor PNG"),
        (b"<html><svg viewBox='0 0 1 1'/></html>", "is neither SVG nor PNG"),
        (b"\x89PNG\r\n\x1a\n", "is neither SVG nor PNG"),
        (b"<svg width='10' height='10'></svg>", "is an SVG without a viewBox, so nothing says its proportions"),
        (b"<svg viewBox='0 0 1.2.3 1'></svg>", "is an SVG whose viewBox is not four numbers"),
        (make_png(0, 10), "is more than eight times as long one way as the other"),
        (make_png(900, 100), "is more than eight times as long one way as the other"),
        (make_png(10, 10) + bytes(MAXIMUM_BYTES), "is larger than 256 KiB"),
    ],
)
def test_what_is_none_is_told_in_words(body: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(body)
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        read_picture(tmp_path / "logo")
