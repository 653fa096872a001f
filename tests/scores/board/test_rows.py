"""Rows come in the order of the board: of many periods at once, and from any place on."""

import pytest

from scores.board.ranks import Place
from scores.board.rows import FirstRows, Row, in_order, read_first, read_from
from scores.models import Period
from tests.support.boards import make_board, make_period, stand

pytestmark = pytest.mark.django_db


@pytest.fixture
def days() -> list[Period]:
    """Three days, the last of them empty, with one hidden player who would lead."""
    board = make_board("daily")
    days = [make_period(board, f"2026-11-2{number}") for number in (5, 6, 7)]
    for name, points, seconds in (("Ada", 30, 0), ("Ben", 30, 1), ("Cleo", 10, 0)):
        stand(name, days[0], points, seconds)
    stand("Dan", days[1], 5)
    stand("Eve", days[1], 500, hidden=True)
    return days


def names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


def test_the_first_rows_of_each_period_and_how_many_there_are(days: list[Period]) -> None:
    first = read_first([day.pk for day in days], 2)
    assert {period: (players, names(rows)) for period, (players, rows) in first.items()} == {
        days[0].pk: (3, ["Ada", "Ben"]),
        days[1].pk: (1, ["Dan"]),
        days[2].pk: (0, []),
    }
    assert first[days[2].pk] == FirstRows(0, [])


def test_rows_from_a_place_begin_with_who_stands_there(days: list[Period]) -> None:
    [ada, ben, cleo] = read_first([days[0].pk], 9)[days[0].pk].rows
    assert read_from(days[0].pk, ben.place, 9) == [ben, cleo]
    assert read_from(days[0].pk, ada.place, 2) == [ada, ben]
    nobody = Place(20, ada.reached_at, ada.player)
    assert read_from(days[0].pk, nobody, 9) == [cleo]
    assert read_from(days[2].pk, ada.place, 9) == []
    assert in_order([cleo, ben, ada]) == [ada, ben, cleo]
