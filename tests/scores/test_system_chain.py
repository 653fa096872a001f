"""What is no player's own: entries of the system chain, and what cannot be trusted takes none."""

import pytest

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.errors import CatalogueChanged, Unavailable
from scores.system_chain import append_system_entry, refusing_untrusted_data
from tests.support.tampering import tampering


def test_what_belongs_to_no_player_is_in_the_system_chain(db: None) -> None:
    entry = append_system_entry(action="rebuild:", actor="system", context={"reason": "to be sure"})
    assert (entry.player, entry.kind, entry.seq, entry.delta) == (SYSTEM_CHAIN, "config", 1, 0)
    with tampering():
        AuditEntry.objects.filter(pk=entry.pk).update(action="x")
        with pytest.raises(Unavailable):
            append_system_entry(action="rebuild:", actor="system", context={})


def test_a_catalogue_that_was_changed_is_held_too() -> None:
    with pytest.raises(Unavailable) as refusal, refusing_untrusted_data():
        raise CatalogueChanged("daily-quiz")
    assert refusal.value.reason == "catalogue_changed"
    assert "daily-quiz" not in refusal.value.detail
