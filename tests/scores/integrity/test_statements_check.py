"""Statements held against who stands there now; and no award gets into a period after it was stated."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.checkpoints import sign_checkpoints
from audit.ledger import EntryDraft
from audit.models import CheckpointStatement
from audit.times import to_us
from scores.board.statements import find_due
from scores.chain import append_entry
from scores.counting.definitions import make_board
from scores.integrity.verification import verify
from scores.models import Period, PeriodAmendment, Score, Standing
from tests.support.acting import make_player
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
SUBJECT = "board:weekly/2026-W47"


@pytest.fixture
def ada(turn_clock: TurnClock, exported: Path) -> Score:
    """Of a week that is over and stated."""
    turn_clock(MONDAY)
    make_board(slug="weekly", label="Weekly", counts="lap", rule="sum", span="week", actor="system")
    ada = make_player("Ada")
    play(ada)
    turn_clock(MONDAY + timedelta(days=8))
    sign_checkpoints(find_due)
    return ada


def play(player: Score, action: str = "lap") -> None:
    ref = f"k:{player.pk}:{player.seq:064}"
    append_entry(player, EntryDraft(kind="award", delta=5, action=action, ref=ref, actor=str(player.pk), context={}))


def find(rule: str = "statement") -> list[str]:
    return [finding.detail for finding in verify() if finding.rule == rule]


def test_what_was_stated_holds(ada: Score) -> None:
    assert list(verify()) == []


def test_results_that_are_not_those_stated_are_found_unless_they_were_amended(ada: Score) -> None:
    period = Period.objects.get(name="2026-W47")
    with tampering():
        Standing.objects.filter(player=ada.pk, period=period).update(points=99)
        assert find() == [f"the results of {SUBJECT} are not the ones that were stated last"]
        PeriodAmendment.objects.create(period=period)
        assert find() == []


def test_a_statement_that_was_removed_changed_or_made_up_is_found(ada: Score) -> None:
    stated = CheckpointStatement.objects.get()
    with tampering():
        CheckpointStatement.objects.filter(pk=stated.pk).update(count=9)
        assert find("checkpoint") == [f"the statements of checkpoint {stated.checkpoint_id} are not the ones it signed"]
    with tampering():
        CheckpointStatement.objects.all().delete()
        assert find("checkpoint") == [f"the statements of checkpoint {stated.checkpoint_id} are not the ones it signed"]
    with tampering():
        CheckpointStatement.objects.create(
            checkpoint_id=stated.checkpoint_id, subject="board:weekly/never", count=0, sha256="", starts_us=1, ends_us=2
        )
        assert find() == [f"checkpoint {stated.checkpoint_id} states board:weekly/never, which there is not as it says"]


@pytest.mark.parametrize("column", ["checkpoint_id", "subject", "count", "sha256", "starts_us", "ends_us"])
def test_every_column_of_a_statement_is_held_against_the_block(ada: Score, column: str) -> None:
    stated = CheckpointStatement.objects.get()
    value = getattr(stated, column)
    with tampering():
        other = value + 1 if isinstance(value, int) else f"{value[:-1]}x"
        CheckpointStatement.objects.filter(pk=stated.pk).update(**{column: other})
        assert find("checkpoint") != []


def test_an_award_that_is_slipped_into_a_stated_period_is_found_with_every_key(
    ada: Score, turn_clock: TurnClock
) -> None:
    """As who holds all keys would do it: sealed like any other, with a time of before."""
    ben = make_player("Ben")
    turn_clock(MONDAY + timedelta(days=1))
    play(ben)
    play(ben, "other")
    turn_clock(MONDAY + timedelta(days=8))
    checkpoint = CheckpointStatement.objects.get().checkpoint_id
    late = [(f.player, f.seq, f.detail) for f in verify() if f.rule == "statement" and f.player]
    sentence = f"counts in {SUBJECT}, and was sealed after checkpoint {checkpoint} stated that"
    assert late == [(str(ben.pk), 1, sentence)]
    sign_checkpoints(find_due)
    assert [(f.player, f.seq, f.detail) for f in verify() if f.rule == "statement" and f.player] == late


def test_awards_of_after_the_period_are_not_late(ada: Score) -> None:
    play(ada)
    assert list(verify()) == []
    assert to_us(MONDAY) < Period.objects.filter(board__slug="weekly").latest("starts_us").starts_us
