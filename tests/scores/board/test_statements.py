"""What the sealer states of closed periods: each once, and again whenever a correction left other results."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit import blocks
from audit.blocks import Block, read_block
from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys
from audit.ledger import EntryDraft
from audit.models import CheckpointStatement
from audit.times import to_us
from scores.board.archive import read_proof, read_results
from scores.board.leaderboard import PageQuery, read_page
from scores.board.statements import find_due
from scores.chain import append_entry
from scores.counting.definitions import change_board, make_board
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import PeriodAmendment, Score
from tests.support.acting import make_player
from tests.support.tampering import WHY

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
WEEK = "2026-W47"
END = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def ada(turn_clock: TurnClock, exported: Path) -> Score:
    """Two players of a week that is still open."""
    turn_clock(MONDAY)
    make_board(slug="weekly", label="Weekly", counts="*", rule="sum", span="week", actor="system")
    ada, ben = make_player("Ada"), make_player("Ben")
    for player, points in ((ada, 5), (ben, 7), (ada, 9)):
        play(player, points)
    return ada


def play(player: Score, points: int) -> None:
    append_entry(player, EntryDraft(kind="award", delta=points, action="lap", actor=str(player.pk), context={}))


def seal() -> list[Block]:
    return [read_block(made.jws, load_checkpoint_keys()) for made in sign_checkpoints(find_due)]


def read_text() -> bytes:
    with read_results("weekly", WEEK).file as file:
        return file.read()


def read_period() -> dict[str, Any]:
    period: dict[str, Any] = json.loads(read_page("weekly", WEEK, PageQuery()).body)["period"]
    return period


def test_a_period_is_stated_when_it_is_closed_and_once(ada: Score, turn_clock: TurnClock) -> None:
    turn_clock(END + timedelta(seconds=29))
    assert [block.statements for block in seal()] == [()]
    turn_clock(END + timedelta(seconds=30))
    text = read_text()
    [block] = seal()
    [stated] = block.statements
    assert (stated.subject, stated.count) == (f"board:weekly/{WEEK}", 2)
    assert stated.sha256 == hashlib.sha256(text).hexdigest()
    assert (stated.starts_us, stated.ends_us) == (to_us(END - timedelta(days=7)), to_us(END))
    assert seal() == []
    assert (read_period()["amended"], read_period()["statement"]) == (0, stated.sha256)


def test_a_void_in_a_closed_period_has_it_stated_anew_and_both_stay(ada: Score, turn_clock: TurnClock) -> None:
    turn_clock(END + timedelta(minutes=1))
    first = read_text()
    seal()
    corrections.void(player=ada.pk, seq=1, **WHY)
    assert PeriodAmendment.objects.count() == 1
    second = read_text()
    [block] = seal()
    assert not PeriodAmendment.objects.exists()
    assert [stated.sha256 for stated in block.statements] == [hashlib.sha256(second).hexdigest()]
    assert (read_period()["amended"], read_period()["statement"]) == (1, block.statements[0].sha256)
    proof = json.loads(read_proof("weekly", WEEK).body)
    assert [stated["sha256"] for stated in proof["statements"]] == [
        hashlib.sha256(text).hexdigest() for text in (first, second)
    ]
    assert [stated["number"] for stated in proof["statements"]] == [1, 2]
    assert read_block(proof["block"], load_checkpoint_keys()).number == 2
    assert list(verify()) == []


def test_who_is_frozen_and_set_free_again_before_the_next_block_amends_nothing(
    ada: Score, turn_clock: TurnClock
) -> None:
    turn_clock(END + timedelta(minutes=1))
    seal()
    corrections.freeze(player=ada.pk, **WHY)
    corrections.unfreeze(player=ada.pk, **WHY)
    [block] = seal()
    assert (block.statements, PeriodAmendment.objects.count()) == ((), 0)
    corrections.freeze(player=ada.pk, **WHY)
    [block] = seal()
    assert [stated.count for stated in block.statements] == [1]


def test_what_happens_in_an_open_period_amends_nothing(ada: Score, turn_clock: TurnClock) -> None:
    corrections.void(player=ada.pk, seq=1, **WHY)
    corrections.freeze(player=ada.pk, **WHY)
    corrections.adjust(player=ada.pk, delta=1, **WHY)
    assert not PeriodAmendment.objects.exists()


def test_boards_that_are_off_or_still_filled_state_nothing(ada: Score, turn_clock: TurnClock) -> None:
    turn_clock(END + timedelta(minutes=1))
    change_board(slug="weekly", enabled=False, actor="system")
    assert [block.statements for block in seal()] == [()]
    change_board(slug="weekly", enabled=True, actor="system")
    assert [block.statements for block in seal()] == [()]


def test_more_periods_than_a_block_takes_make_more_blocks(
    ada: Score, turn_clock: TurnClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAXIMUM_STATEMENTS", 2)
    for week in range(1, 5):
        turn_clock(MONDAY + timedelta(days=7 * week))
        play(ada, 1)
    turn_clock(MONDAY + timedelta(days=36))
    assert [len(block.statements) for block in seal()] == [2, 2, 1]
    assert CheckpointStatement.objects.count() == 5


def test_a_block_that_is_full_of_leaves_leaves_statements_to_the_next(
    ada: Score, turn_clock: TurnClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAXIMUM_LEAVES", 3)
    turn_clock(END + timedelta(minutes=1))
    # The chain of the system, Ada's and Ben's.
    assert [(block.count, len(block.statements)) for block in seal()] == [(3, 0), (0, 1)]
