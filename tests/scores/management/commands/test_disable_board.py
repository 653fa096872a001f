"""manage.py disable_board: nothing is written to the board from then on."""

from scores.investigation import corrections
from scores.models import Board, Score, Standing
from tests.support.commands import call
from tests.support.definitions import define, read_definitions


def test_a_board_that_is_off_keeps_what_it_has_and_gets_no_more(board: dict[str, Score]) -> None:
    define(span="all")
    corrections.adjust(player=board["Ada"].pk, delta=5, reason="a day's play", actor="system")
    assert call("disable_board", "today") == "today is off.\n"
    assert not Board.objects.get(slug="today").enabled
    corrections.adjust(player=board["Ada"].pk, delta=7, reason="a day's play", actor="system")
    assert list(Standing.objects.filter(period__board__slug="today").values_list("points", flat=True)) == [5]


def test_the_same_again_changes_nothing(db: None) -> None:
    define()
    call("disable_board", "today")
    before = read_definitions()
    assert call("disable_board", "today") == "today is off.\n"
    assert read_definitions() == before
