"""The share picture: title and top 3, with names that the font can write as they are, and no other in boxes."""

from io import BytesIO

import pytest
from PIL import Image

from scores.board.standings import BoardRow
from scores.pages.share_picture import UNWRITABLE, draw_share_picture

pytestmark = pytest.mark.any_database
AS_OF = "2026-11-28T03:11:22.000000Z"


def row(rank: int, name: str, score: int = 10) -> BoardRow:
    return {"rank": rank, "player": "", "name": name, "score": score, "reached_at": AS_OF}


def draw(*names: str, title: str = "Quiz night", as_of: str = AS_OF, accent: str = "#63d2a2") -> bytes:
    return draw_share_picture(title, [row(rank, name) for rank, name in enumerate(names, start=1)], as_of, accent)


def test_it_is_of_the_size_that_previews_are_made_for() -> None:
    with Image.open(BytesIO(draw("Ada", "Ben", "Cy"))) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
        assert image.getpixel((600, 5)) == (0x63, 0xD2, 0xA2)


def test_it_shows_three_and_the_time() -> None:
    three = draw("Ada", "Ben", "Cy")
    assert draw("Ada", "Ben", "Cy", "Dee") == three
    others = [
        draw("Ada", "Ben"),
        draw("Ada", "Ben", "Di"),
        draw("Ada", "Ben", "Cy", title="Quiz"),
        draw("Ada", "Ben", "Cy", as_of="2026-11-28T03:12:00.000000Z"),
        draw("Ada", "Ben", "Cy", accent="#ff0000"),
        draw(),
    ]
    assert len({three, *others}) == 7


@pytest.mark.parametrize(
    "name", ["Šárka Ženíšková", "Радия Перльман", "Ωμέγα", "Zoe\u0308", "D'Arcy-O’Neil 3", "№ 1 €"]
)
def test_names_in_these_letters_are_written(name: str) -> None:
    assert draw(name) != draw(UNWRITABLE)


@pytest.mark.parametrize(
    "name", ["محمد الخوارزمي", "דנה לוי", "山田太郎", "김민수", "नेहा", "สมชาย", "Ada \U0001f680", "q\u0323\u0307"]
)
def test_of_a_name_that_the_font_cannot_write_is_said_where_to_find_it(name: str) -> None:
    assert draw(name) == draw(UNWRITABLE)


def test_a_title_in_other_letters_gives_way_too() -> None:
    assert draw("Ada", title="クイズ") == draw("Ada", title="Scoreboard")


def test_a_long_name_ends_before_its_points() -> None:
    with Image.open(BytesIO(draw_share_picture("T" * 60, [row(1, "W" * 64, -(10**10))], AS_OF, "#63d2a2"))) as image:
        # Forty pixels before the points, and right of them.
        left = next(x for x in range(1127, 0, -1) if is_plain(image, (x - 36, 190, x, 270)))
        assert is_plain(image, (1130, 20, 1200, 630))
    assert 600 < left < 760


def is_plain(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether nothing is drawn there."""
    return image.crop(box).getcolors(maxcolors=1) is not None
