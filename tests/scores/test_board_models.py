"""Boards, periods and standings: what their tables let in, in what order they are, and what a seal covers."""

import pytest
from django.db import IntegrityError, transaction

from scores.board_models import MAIN_BOARD, MAIN_PERIOD
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player
from tests.support.board import NOON

pytestmark = pytest.mark.django_db


def make_board(**terms: object) -> Board:
    return Board.objects.create(
        **{"slug": "laps", "label": "Laps", "counts": "*", "rule": "best", "span": "day", **terms}
    )


def stand(player: Score, points: int, period: int = MAIN_PERIOD, **fields: object) -> Standing:
    return Standing.objects.create(
        **{"player": player, "period_id": period, "points": points, "reached_at": NOON, "seq": 1, **fields}
    )


def test_the_main_board_is_there_with_its_one_period() -> None:
    board = Board.objects.get(pk=MAIN_BOARD)
    assert (board.slug, board.counts, board.rule, board.span, board.zone) == ("main", "*", "sum", "all", "UTC")
    period = Period.objects.get(pk=MAIN_PERIOD)
    assert (period.board_id, period.name, period.starts_us, period.ends_us) == (MAIN_BOARD, "all", 0, None)


def test_who_has_more_comes_first_then_who_was_there_first_then_the_lower_id() -> None:
    ada, bea, cyd, dee = sorted(
        (make_player(name) for name in ("Ada", "Bea", "Cyd", "Dee")), key=lambda player: player.pk
    )
    stand(dee, 5, reached_at=NOON.replace(hour=11))
    stand(cyd, 5)
    stand(bea, 5)
    stand(ada, 9)
    stand(make_player("Frozen"), 10, hidden=True)
    assert [standing.player_id for standing in Standing.objects.ranked()] == [ada.pk, dee.pk, bea.pk, cyd.pk]


def test_a_player_stands_in_a_period_once() -> None:
    ada = make_player("Ada")
    stand(ada, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        stand(ada, 2)
    stand(ada, 2, period=5)
    assert Standing.objects.count() == 2


@pytest.mark.parametrize("rule", ["sum", "count"])
def test_with_sums_the_smallest_never_comes_first(rule: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_board(rule=rule, ascending=True)


def test_two_periods_neither_share_a_name_nor_begin_together_nor_end_before_they_begin() -> None:
    board = make_board()
    Period.objects.create(board=board, name="one", starts_us=10, ends_us=20)
    for name, starts_us, ends_us in (("one", 30, 40), ("two", 10, 15), ("three", 50, 50), ("four", 60, 59)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Period.objects.create(board=board, name=name, starts_us=starts_us, ends_us=ends_us)


def test_a_period_covers_its_first_microsecond_and_not_its_last() -> None:
    period = Period(starts_us=10, ends_us=20)
    assert [period.covers(at_us) for at_us in (9, 10, 19, 20)] == [False, True, True, False]
    assert Period(starts_us=10, ends_us=None).covers(2**60)


@pytest.mark.parametrize("name", Board.TERMS)
def test_every_term_is_sealed(name: str) -> None:
    board = make_board()
    assert board.is_sealed
    other = {"ascending": True, "enabled": False, "since_us": 1}.get(name, "changed")
    setattr(board, name, other)
    assert not board.is_sealed
