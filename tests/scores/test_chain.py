"""What every writer of a player's chain does: the entry moves its score along, and what cannot be trusted takes no more."""

import logging
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from audit.keys import new_ledger_keys
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores import announcements
from scores.board_models import MAIN_PERIOD
from scores.chain import append_entry
from scores.errors import Unavailable
from scores.models import Score, Standing
from tests.support.chains import check_chain

TEN = EntryDraft(kind="adjust", delta=10, actor="system", context={"reason": "a day's play"})


def test_a_score_goes_where_its_entries_lead(player: Score) -> None:
    for balance in (10, 20):
        entry = append_entry(player, TEN)
        assert (player.points, player.seq, player.head, player.reached_at) == (balance, entry.seq, entry.mac, entry.at)
    check_chain(player)


def test_a_standing_on_the_main_board_goes_with_the_score(player: Score) -> None:
    append_entry(player, TEN)
    second = append_entry(player, TEN)
    append_entry(player, EntryDraft(kind="freeze", actor="system", context={"reason": "looked into"}))
    [standing] = Standing.objects.filter(player=player.pk)
    assert (standing.period_id, standing.points, standing.reached_at) == (MAIN_PERIOD, 20, second.at)
    assert (standing.seq, standing.hidden) == (2, True)


def test_it_is_announced_once_it_is_committed(
    player: Score, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        append_entry(player, TEN)
    assert callbacks == [announcements.announce]


def test_where_a_score_left_its_chain_nothing_is_added(player: Score, caplog: pytest.LogCaptureFixture) -> None:
    append_entry(player, TEN)
    player.points = 1000
    with pytest.raises(Unavailable) as refusal, transaction.atomic():
        append_entry(player, TEN)
    assert (refusal.value.reason, refusal.value.retry_after) == ("chain_broken", 60)
    assert AuditEntry.objects.filter(player=player.pk).count() == 1
    [record] = [record for record in caplog.records if record.name == "scores.system_chain"]
    assert record.levelno == logging.CRITICAL
    assert record.getMessage().startswith(f"the chain of {player.pk} does not end where its score says (entry 1); held")


def test_without_the_key_that_would_tell_nothing_is_added(player: Score, settings: Settings, tmp_path: Path) -> None:
    append_entry(player, TEN)
    path = tmp_path / "other_keys.json"
    path.write_text(new_ledger_keys())
    settings.LEDGER_KEYS_FILE = str(path)
    with pytest.raises(Unavailable) as refusal, transaction.atomic():
        append_entry(player, TEN)
    assert refusal.value.reason == "ledger_key_missing"
    assert "lacks the key 'ledger-1'" in refusal.value.explanation
