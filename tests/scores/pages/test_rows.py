"""The bar of a row: as long beside the leader's as the points are, and never longer or shorter than there is room for."""

import pytest

from scores.board.standings import BoardRow
from scores.pages.rows import measure_rows

pytestmark = pytest.mark.any_database


def make_rows(*scores: int) -> list[BoardRow]:
    return [
        {"rank": rank, "player": "", "name": "", "score": score, "reached_at": ""}
        for rank, score in enumerate(scores, start=1)
    ]


@pytest.mark.parametrize(
    ("scores", "ascending", "shares"),
    [
        ((), False, []),
        ((200, 100, 1), False, [100, 50, 0]),
        ((10, 0, -5), False, [100, 0, 0]),
        ((0, 0, -5), False, [0, 0, 0]),
        ((-5, -10), False, [100, 100]),
        ((100, 200, 400), True, [100, 50, 25]),
        ((0, 10), True, [0, 0]),
        ((-10, 10), True, [100, 0]),
    ],
)
def test_a_bar_is_as_long_as_the_share_of_the_leader(
    scores: tuple[int, ...], ascending: bool, shares: list[int]
) -> None:
    rows = make_rows(*scores)
    measured = measure_rows(rows, ascending=ascending)
    assert [row["share"] for row in measured] == shares
    assert [row["score"] for row in measured] == list(scores)
