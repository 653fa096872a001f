"""What live tables show: the top of everything or of a board, in the words of that board."""

from collections.abc import Callable
from datetime import datetime

import pytest

from scores.errors import UnknownBoard
from scores.pages.present import read_board, read_top
from tests.support.board import place
from tests.support.boards import NOON, make_board, make_period, stand

pytestmark = pytest.mark.django_db


def test_the_top_is_that_of_everything() -> None:
    place("Ada", 10)
    shown = read_top()
    assert [(row["name"], row["share"]) for row in shown["rows"]] == [("Ada", 100)]  # type: ignore[attr-defined]
    assert set(shown) == {"snapshot", "etag", "rows", "past"}


def test_a_board_is_told_with_its_order_and_period(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    board = make_board("fastest", label="Fastest", rule="best", span="day", ascending=True)
    stand("Ben", make_period(board, "2026-11-27"), 61)
    now, named = read_board("fastest", "current"), read_board("fastest", "2026-11-27")
    assert (now["watched"], named["watched"]) == ("", "2026-11-27")
    assert now["caption"] == "The players with the fewest points."
    assert now["order"] == "The fewest points come first. "
    assert now["emptiness"] == "Nobody yet today."
    assert [row["name"] for row in now["rows"]] == ["Ben"]  # type: ignore[attr-defined]


def test_a_board_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownBoard):
        read_board("nowhere", "current")
