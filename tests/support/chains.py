"""Chains of entries: one that grows, and the proof that one is whole."""

from datetime import datetime
from itertools import pairwise
from uuid import UUID, uuid4

from audit import chain, ledger
from audit.keys import load_keyring
from audit.models import AuditEntry
from scores.chain import append_entry
from scores.models import Score
from tests.support.clock import turn_clock


def check_chain(player: Score) -> None:
    """Dense, linked, sealed, and where the score says."""
    player.refresh_from_db()
    entries = list(AuditEntry.objects.filter(player=player.pk).order_by("seq"))
    keys = load_keyring().keys
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(after.prev == before.mac and after.at_us >= before.at_us for before, after in pairwise(entries))
    assert all(chain.compute_mac(keys[entry.kid], entry) == entry.mac for entry in entries)
    assert sum(entry.delta for entry in entries) == player.points
    tip = (entries[-1].seq, entries[-1].mac, entries[-1].balance) if entries else (0, chain.NO_HEAD, 0)
    assert (player.seq, player.head, player.points) == tip


def grow(player: UUID, head: ledger.Head | None = None) -> ledger.Head:
    """One more entry of this chain."""
    draft = ledger.EntryDraft(kind="adjust", delta=1, actor="system", context={"reason": "a test"})
    entry = ledger.append(draft, player=player, head=head or ledger.Head(0, "", 0))
    return ledger.Head(entry.seq, entry.mac, entry.balance)


def award_at(player: Score, moment: datetime, points: int, **context: str) -> AuditEntry:
    """One award at this moment, where the log's clock is left standing."""
    turn_clock(moment)
    ref = f"k:{player.pk}:{uuid4().hex * 2}"
    draft = ledger.EntryDraft(
        kind="award", delta=points, action="step", ref=ref, actor=str(player.pk), context=dict(context)
    )
    return append_entry(player, draft)
