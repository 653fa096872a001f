"""Which key a machine lacks that the log goes on from: of the newest entries, the system chain, or an action."""

import pytest

from audit.chain import SYSTEM_CHAIN
from audit.keys import Keyring, load_keyring
from audit.models import AuditEntry
from scores.integrity import ledger_keys
from scores.integrity.ledger_keys import find_key_fault, find_missing_ledger_key
from scores.models import Action, Score
from scores.system_chain import append_system_entry
from tests.support.chains import grow

OTHER = Keyring("ledger-2", {"ledger-2": bytes(32)})


@pytest.mark.django_db
def test_an_empty_log_needs_none() -> None:
    assert find_missing_ledger_key(OTHER) is None
    assert find_key_fault(OTHER) is None


def test_the_key_of_an_entry_is_needed_and_the_sentence_names_it(player: Score) -> None:
    grow(player.pk)
    assert find_missing_ledger_key(load_keyring()) is None
    assert find_missing_ledger_key(OTHER) == "ledger-1"
    assert "lacks the key 'ledger-1'" in (find_key_fault(OTHER) or "")


def test_so_is_that_of_an_action(daily_quiz: Action) -> None:
    assert not AuditEntry.objects.exists()
    assert find_missing_ledger_key(OTHER) == "ledger-1"


def test_of_a_long_log_the_newest_entries_are_looked_at_and_the_end_of_the_system_chain(
    player: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_keys, "NEWEST", 1)
    append_system_entry(action="rebuild:", actor="system", context={})
    for seq in (1, 2):
        AuditEntry(
            player=player.pk, seq=seq, kid=f"ledger-{seq + 1}", kind="adjust", delta=1, balance=seq, action="", ref=None,
            actor="system", at_us=seq, detail="", prev="", mac="", context={},
        ).save(force_insert=True)  # fmt: skip
    keys = {"ledger-1": bytes(32), "ledger-3": bytes(32)}
    assert find_missing_ledger_key(Keyring("ledger-1", keys)) is None
    assert find_missing_ledger_key(Keyring("ledger-3", {"ledger-3": bytes(32)})) == "ledger-1"
    assert AuditEntry.objects.filter(player=SYSTEM_CHAIN).count() == 1
