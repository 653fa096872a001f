"""The lines of results: exact, in the order of the board, whatever their number."""

import pytest
from django.db import transaction

from scores.board.results import write_lines
from tests.support.boards import make_board, make_period, stand

pytestmark = pytest.mark.django_db


def test_a_line_has_rank_player_points_time_and_entry() -> None:
    period = make_period(make_board("daily"), "2026-11-26")
    first, second = stand("Ada", period, 12, 1, seq=4), stand("Ben", period, 12, 2)
    stand("Cyd", period, 99, hidden=True)
    with transaction.atomic():
        text = b"".join(write_lines(period.board, period.pk))
    assert text.decode() == (f"1 {first.player_id} 12 1795780801000000 4\n2 {second.player_id} 12 1795780802000000 1\n")


def test_nobody_makes_no_line() -> None:
    period = make_period(make_board("daily"), "2026-11-26")
    with transaction.atomic():
        assert list(write_lines(period.board, period.pk)) == []
