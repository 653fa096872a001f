"""An act is tried out exactly as it would be done, and leaves nothing behind; performed it is done whole or not at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import User

from scores.admin.act_steps import Step
from scores.admin.dry_run import run_dry
from scores.investigation import corrections
from scores.models import Score
from scores.players import ensure_player

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def investigator(investigator: User) -> User:
    ensure_player(investigator)
    return investigator


def test_it_says_what_would_become_of_the_board(
    board: dict[str, Score], investigator: User, nothing_written: NothingWritten
) -> None:
    ada = board["Ada"].pk
    with nothing_written():
        dry_run = run_dry(corrections.void, [Step(ada, {"seq": seq}) for seq in (1, 2, 9)], investigator)
    assert [step.arguments["seq"] for step in dry_run.possible] == [1, 2]
    assert [(step.arguments["seq"], why) for step, why in dry_run.refused] == [
        (9, "Entry 9 of this player is no award, adjustment or import.")
    ]
    assert dry_run.balances == {ada: (30, 10)}
    assert dry_run.moves_board
    assert [(row["name"], row["score"]) for row in dry_run.after] == [("Ben", 20), ("Cleo", 10), ("Ada", 10)]


def test_what_cannot_be_taken_is_left_out_and_a_board_that_stays_is_told(
    board: dict[str, Score], investigator: User
) -> None:
    cleo = board["Cleo"].pk
    dry_run = run_dry(corrections.adjust, [Step(cleo, {"delta": -25})], investigator)
    assert (dry_run.balances, dry_run.left_out) == ({cleo: (10, 0)}, {cleo: -15})
    assert not run_dry(corrections.adjust, [], investigator).moves_board
