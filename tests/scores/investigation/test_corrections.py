"""Corrections are entries of their own, made once, by somebody else, for a reason; a refused one leaves no trace."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.db import transaction

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores.board import standings
from scores.chain import append_entry
from scores.errors import CorrectionRefused, Refused
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import MAXIMUM_BALANCE, Action, Score
from tests.support.acting import make_player, make_receipt, update

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = {"reason": "seen twice in the recording", "actor": "system"}
QUIZ = {"action": "daily-quiz"}


@pytest.fixture
def played(player: Score, token: str, daily_quiz: Action) -> Score:
    """Entry 1 for 10 points by self-report, entry 2 for 25 by receipt."""
    assert update(QUIZ, token=token, key="first").status_code == 200
    assert update({"receipt": make_receipt(player)}, token=token).status_code == 200
    player.refresh_from_db()
    return player


def read_last(score: Score) -> tuple[str, int, int, str, str | None]:
    score.refresh_from_db()
    entry = AuditEntry.objects.filter(player=score.pk).latest("seq")
    assert (score.points, score.seq, score.head) == (entry.balance, entry.seq, entry.mac)
    return entry.kind, entry.delta, entry.balance, entry.action, entry.ref


def test_a_void_takes_the_points_back_and_a_restore_gives_exactly_them(played: Score) -> None:
    corrections.void(player=played.pk, seq=2, **WHY)
    assert read_last(played) == ("void", -25, 10, "daily-quiz", f"v:{played.pk}:2")
    corrections.restore(player=played.pk, seq=3, **WHY)
    assert read_last(played) == ("restore", 25, 35, "daily-quiz", f"v:{played.pk}:3")


def test_a_restore_finds_the_void_by_the_entry_it_reversed(played: Score) -> None:
    corrections.void(player=played.pk, seq=2, **WHY)
    corrections.restore(player=played.pk, seq=2, **WHY)
    assert read_last(played) == ("restore", 25, 35, "daily-quiz", f"v:{played.pk}:3")


def test_an_adjustment_goes_both_ways_and_can_be_voided(played: Score) -> None:
    corrections.adjust(player=played.pk, delta=-30, **WHY)
    assert read_last(played) == ("adjust", -30, 5, "", None)
    corrections.void(player=played.pk, seq=3, **WHY)
    assert read_last(played) == ("void", 30, 35, "", f"v:{played.pk}:3")


def test_an_adjustment_may_name_an_action_which_its_void_names_too(played: Score) -> None:
    corrections.adjust(player=played.pk, delta=5, action="daily-quiz", **WHY)
    assert read_last(played) == ("adjust", 5, 40, "daily-quiz", None)
    corrections.void(player=played.pk, seq=3, **WHY)
    assert read_last(played) == ("void", -5, 35, "daily-quiz", f"v:{played.pk}:3")
    assert [*verify(player=played.pk)] == []


@pytest.mark.parametrize("action", ["nothing-such", "Daily-quiz", " daily-quiz", "daily\x00quiz", "\ud800", "x" * 65])
def test_an_adjustment_names_no_action_that_the_catalogue_lacks(
    played: Score, nothing_written: NothingWritten, action: str
) -> None:
    with nothing_written(), pytest.raises(CorrectionRefused, match="catalogue has no action"):
        corrections.adjust(player=played.pk, delta=5, action=action, **WHY)


def test_the_frozen_are_off_the_board_and_come_back_where_they_were(played: Score) -> None:
    before = standings.read_top()
    corrections.freeze(player=played.pk, **WHY)
    assert standings.read_top() == []
    corrections.unfreeze(player=played.pk, **WHY)
    assert standings.read_top() == before
    assert [entry.kind for entry in AuditEntry.objects.order_by("seq")][2:] == ["freeze", "unfreeze"]


def test_who_and_why_stand_in_the_log(played: Score) -> None:
    investigator = str(make_player("Grace").pk)
    entry = corrections.freeze(player=played.pk, reason="  under review ", actor=investigator)
    assert entry.actor == investigator
    assert entry.context is not None
    assert entry.context["reason"] == "under review"


def test_a_correction_is_announced_after_its_commit(
    played: Score, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[object]]]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        corrections.void(player=played.pk, seq=1, **WHY)
    assert len(callbacks) == 1


def test_a_voided_receipt_stays_spent(played: Score, token: str) -> None:
    entry = AuditEntry.objects.get(player=played.pk, seq=2)
    corrections.void(player=played.pk, seq=2, **WHY)
    assert entry.context is not None
    response = update({"receipt": entry.context["receipt"]}, token=token)
    assert response.json()["replayed"] is True
    assert read_last(played)[:3] == ("void", -25, 10)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1001])
def test_a_correction_needs_a_reason(played: Score, nothing_written: NothingWritten, reason: str) -> None:
    with nothing_written(), pytest.raises(CorrectionRefused, match="reason"):
        corrections.adjust(player=played.pk, delta=5, reason=reason, actor="system")


def test_nobody_corrects_their_own_score(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written(), pytest.raises(CorrectionRefused, match="own score"):
        corrections.adjust(player=played.pk, delta=5, reason="I deserve it", actor=str(played.pk))


def test_a_void_is_made_once_and_so_is_its_restore(played: Score, nothing_written: NothingWritten) -> None:
    corrections.void(player=played.pk, seq=1, **WHY)
    with nothing_written(), pytest.raises(CorrectionRefused, match="reversed before"):
        corrections.void(player=played.pk, seq=1, **WHY)
    corrections.restore(player=played.pk, seq=3, **WHY)
    for seq in (1, 3):
        with nothing_written(), pytest.raises(CorrectionRefused, match="reversed before"):
            corrections.restore(player=played.pk, seq=seq, **WHY)


def test_only_what_gave_points_is_voided_and_only_a_void_restored(
    played: Score, nothing_written: NothingWritten
) -> None:
    corrections.freeze(player=played.pk, **WHY)
    with nothing_written():
        for seq in (0, 3, 4):
            with pytest.raises(CorrectionRefused):
                corrections.void(player=played.pk, seq=seq, **WHY)
        for seq in (1, 3, 4):
            with pytest.raises(CorrectionRefused):
                corrections.restore(player=played.pk, seq=seq, **WHY)


def test_a_void_takes_what_is_there_and_says_what_it_left_out(played: Score) -> None:
    corrections.adjust(player=played.pk, delta=-20, **WHY)
    entry = corrections.void(player=played.pk, seq=2, **WHY)
    assert read_last(played) == ("void", -15, 0, "daily-quiz", f"v:{played.pk}:2")
    assert entry.context is not None
    assert entry.context["left_out"] == "-10"
    assert corrections.describe(entry) == "void -15, now 0 points. 10 more were not there to take."
    corrections.restore(player=played.pk, seq=2, **WHY)
    assert read_last(played) == ("restore", 15, 15, "daily-quiz", f"v:{played.pk}:4")
    assert [*verify(player=played.pk)] == []


def test_a_void_of_points_that_are_all_gone_is_an_entry_without_points(played: Score) -> None:
    corrections.adjust(player=played.pk, delta=-35, **WHY)
    reached_at = Score.objects.get(pk=played.pk).reached_at
    corrections.void(player=played.pk, seq=1, **WHY)
    assert read_last(played) == ("void", 0, 0, "daily-quiz", f"v:{played.pk}:1")
    assert played.reached_at == reached_at
    assert [*verify(player=played.pk)] == []


def test_points_beyond_the_largest_score_are_left_out(played: Score) -> None:
    with transaction.atomic():
        append_entry(played, EntryDraft(kind="adjust", delta=MAXIMUM_BALANCE - 75, actor="system", context={}))
    entry = corrections.adjust(player=played.pk, delta=100, **WHY)
    assert (entry.delta, entry.balance) == (40, MAXIMUM_BALANCE)
    assert corrections.describe(entry) == (
        f"adjust +40, now {MAXIMUM_BALANCE} points. 60 more would have passed the largest score there is."
    )


def test_an_adjustment_is_as_many_entries_as_it_needs() -> None:
    assert corrections.split_adjustment(-2_500_000) == [-1_000_000, -1_000_000, -500_000]
    assert corrections.split_adjustment(1_000_000) == [1_000_000]
    for delta in (0, 100_000_001, -100_000_001):
        with pytest.raises(CorrectionRefused, match="from 1 to 100000000"):
            corrections.split_adjustment(delta)


@pytest.mark.parametrize("delta", [0, 1_000_001, -1_000_001])
def test_an_entry_has_a_size(played: Score, nothing_written: NothingWritten, delta: int) -> None:
    with nothing_written(), pytest.raises(CorrectionRefused):
        corrections.adjust(player=played.pk, delta=delta, **WHY)


def test_the_frozen_are_frozen_once_and_strangers_never(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written(), pytest.raises(CorrectionRefused, match="not frozen"):
        corrections.unfreeze(player=played.pk, **WHY)
    with nothing_written(), pytest.raises(CorrectionRefused, match="no player"):
        corrections.freeze(player=uuid4(), **WHY)
    corrections.freeze(player=played.pk, **WHY)
    with nothing_written(), pytest.raises(CorrectionRefused, match="frozen already"):
        corrections.freeze(player=played.pk, **WHY)


def test_a_score_that_left_its_chain_is_held(played: Score, nothing_written: NothingWritten) -> None:
    Score.objects.filter(pk=played.pk).update(points=1000)
    with nothing_written(), pytest.raises(Refused) as refusal:
        corrections.void(player=played.pk, seq=1, **WHY)
    assert refusal.value.code == "unavailable"
