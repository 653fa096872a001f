"""Every board with its leader, read together."""

from collections.abc import Callable
from datetime import datetime

import pytest

from audit.times import to_us
from scores.board.leaders import read_glances
from scores.models import Board
from tests.support.boards import NOON, main_period, make_board, make_period, stand

pytestmark = pytest.mark.django_db
TODAY = "2026-11-27"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


def test_boards_come_by_label_after_the_main_one_each_with_its_leader() -> None:
    daily = make_period(make_board("daily", label="zz daily"), TODAY)
    laps = make_period(make_board("laps", label="Älps", rule="best", ascending=True), TODAY)
    make_board("other", label="AA")
    make_board("off", enabled=False)
    for player, score in (("Ada", 5), ("Ben", 9)):
        stand(player, daily, score)
    stand("Cleo", laps, 9)
    stand("Dot", laps, 3)
    stand("Eve", main_period(), 1, hidden=True)
    glances = read_glances()
    assert glances.at_us == to_us(NOON)
    found = [
        (each.board.slug, each.period and each.period.name, each.players, each.leader and (each.leader["name"], each.leader["score"]))
        for each in glances.boards
    ]  # fmt: skip
    assert found == [
        ("main", "all", 0, None),
        ("other", TODAY, 0, None),
        ("daily", TODAY, 2, ("Ben", 9)),
        ("laps", TODAY, 2, ("Dot", 3)),
    ]


def test_a_board_without_a_period_or_being_filled_has_no_leader() -> None:
    make_board("cup", label="Cup", span="season")
    stand("Ada", make_period(make_board("growing", label="Growing", filling=True), TODAY), 5)
    glances = read_glances().boards
    assert [(each.board.slug, each.period, each.leader) for each in glances[1:]] == [
        ("cup", None, None),
        ("growing", None, None),
    ]


def test_without_any_board_it_is_still_some_time() -> None:
    Board.objects.update(enabled=False)
    assert read_glances() == (to_us(NOON), [])
