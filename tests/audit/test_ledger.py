"""The only way into the log: entries follow each other without a gap, and a head that is not the last entry's stops everything."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from audit import chain, ledger
from audit.keys import load_keyring
from audit.models import AuditEntry
from audit.times import to_us
from tests.support.chains import grow
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def player() -> UUID:
    return uuid4()


def read(player: UUID) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(player=player).order_by("seq"))


def test_an_entry_follows_the_one_before_it_and_is_sealed(player: UUID) -> None:
    grow(player, grow(player))
    first, second = read(player)
    key = load_keyring().keys["ledger-1"]
    assert [(entry.seq, entry.prev, entry.balance, entry.kid) for entry in (first, second)] == [
        (1, "", 1, "ledger-1"),
        (2, first.mac, 2, "ledger-1"),
    ]
    for entry in (first, second):
        assert entry.mac == chain.compute_mac(key, entry)
        assert entry.detail == chain.commit_to(entry.context or {})
        assert (entry.context or {}).keys() == {"reason", "salt"}


@pytest.mark.parametrize("head", [ledger.Head(0, "", 0), ledger.Head(1, "x", 1), ledger.Head(2, "", 1)])
def test_a_head_that_is_not_the_last_entrys_takes_nothing(player: UUID, head: ledger.Head) -> None:
    grow(player)
    with pytest.raises(ledger.ChainBroken, match=f"the chain of {player} does not end where its score says"):
        grow(player, head)
    assert len(read(player)) == 1


def test_after_an_entry_that_was_changed_nothing_follows(player: UUID) -> None:
    head = grow(player)
    with tampering():
        AuditEntry.objects.filter(player=player).update(action="changed")
        with pytest.raises(ledger.ChainBroken):
            grow(player, head)
    assert grow(player, head).seq == 2


def test_time_never_goes_back_within_a_chain(player: UUID, turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    head = grow(player)
    turn_clock(NOON - timedelta(days=1))
    grow(player, head)
    assert [entry.at_us for entry in read(player)] == [to_us(NOON)] * 2
    assert ledger.read_end(player).now_us == to_us(NOON)
    assert ledger.read_end(uuid4()).now_us == to_us(NOON - timedelta(days=1))


def test_the_system_chain_grows_without_a_head() -> None:
    for action in ("one", "two"):
        ledger.append_system(ledger.EntryDraft(kind="config", action=action, actor="system", context={}))
    first, second = read(chain.SYSTEM_CHAIN)
    assert [(entry.seq, entry.action, entry.delta, entry.balance) for entry in (first, second)] == [
        (1, "one", 0, 0),
        (2, "two", 0, 0),
    ]
    assert second.prev == first.mac
