"""manage.py enable_board: what a board missed while it was off is read from the log."""

from scores.counting.definitions import change_board
from scores.investigation import corrections
from scores.models import Board, Score, Standing
from tests.support.commands import call
from tests.support.definitions import define, read_definitions


def test_a_board_that_is_on_again_has_what_it_missed(board: dict[str, Score]) -> None:
    define(span="all")
    for delta, enabled in ((5, False), (7, False), (11, None)):
        corrections.adjust(player=board["Ada"].pk, delta=delta, reason="a day's play", actor="system")
        change_board(slug="today", actor="system", enabled=enabled)
    output = call("enable_board", "today")
    assert output.startswith("today is on.\nFilling it from about 9 entries.")
    assert "today is full: 9 entries in " in output
    assert list(Standing.objects.filter(period__board__slug="today").values_list("points", flat=True)) == [23]


def test_a_board_made_elsewhere_that_is_yet_to_be_filled_is_filled(board: dict[str, Score]) -> None:
    define(span="all", from_log=True)
    assert "today is full: 6 entries in " in call("enable_board", "today")
    assert not Board.objects.get(slug="today").filling


def test_a_board_that_is_on_and_full_stays_as_it_is(db: None) -> None:
    define()
    before = read_definitions()
    assert call("enable_board", "today") == "today is on.\n"
    assert read_definitions() == before
