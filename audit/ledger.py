"""The audit log's next entry, sealed: `append` inserts it, `seal_next` leaves that to who changes the score with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from audit import chain, clock
from audit.chain import Entry
from audit.clock import ClockUs
from audit.keys import find_ledger_key, load_keyring
from audit.models import AuditEntry

#: An arbitrary constant that names the advisory lock of the system chain.
SYSTEM_CHAIN_LOCK = 0x5C0BE0A2D


class ChainBroken(Exception):
    """The stored head of a chain does not match its last entry: somebody changed one of them behind our back."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the caller believes a chain to end: its last entry's number, MAC and balance."""

    seq: int
    mac: str
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What its writer says of an entry; where in the chain it stands, and what seals it, is added here."""

    kind: str
    delta: int = 0
    value: int | None = None
    action: str = ""
    ref: str | None = None
    actor: str
    context: Mapping[str, str]


class ChainEnd(NamedTuple):
    """The last entry of a chain, if any, and the time of what follows it: the log's clock, never earlier than that entry."""

    last: chain.LastEntry | None
    now_us: int


def read_end(player: UUID, *, now_us: int | None = None) -> ChainEnd:
    """Read where a chain ends and what time it is, at once; under the lock of the caller both still hold for what it appends.

    `now_us` is the log's clock where the caller has read it already, under the same lock.
    """
    entries = AuditEntry.objects.filter(player=player).order_by("-seq")
    if now_us is not None:
        last = entries.first()
        return ChainEnd(last, max(now_us, last.at_us) if last else now_us)
    timed = entries.annotate(now_us=ClockUs()).first()
    return ChainEnd(timed, max(timed.now_us, timed.at_us)) if timed else ChainEnd(None, clock.read_us())


def append(draft: EntryDraft, *, player: UUID, head: Head, end: ChainEnd | None = None) -> AuditEntry:
    """Append one entry to a player's chain, inside the transaction and under the lock of the caller.

    `end` is what `read_end` said under that lock, where the caller had to judge by it; it is read here otherwise.
    Raises ChainBroken when the last entry is not the one `head` speaks of or was changed, LedgerKeyMissing when that cannot be told.
    """
    entry = AuditEntry(**seal_next(draft, player=player, head=head, end=end or read_end(player))._asdict())
    entry.save(force_insert=True)
    return entry


def append_all(drafts: Iterable[EntryDraft], *, player: UUID, head: Head) -> list[AuditEntry]:
    """Append entries to a player's chain as `append` does each, all of one moment, in one statement. Raises what `append` raises."""
    end = read_end(player)
    sealed: list[Entry] = []
    for draft in drafts:
        entry = seal_next(draft, player=player, head=head, end=end)
        head, end = Head(entry.seq, entry.mac, entry.balance), ChainEnd(entry, end.now_us)
        sealed.append(entry)
    return AuditEntry.objects.bulk_create(AuditEntry(**entry._asdict()) for entry in sealed)


def seal_next(draft: EntryDraft, *, player: UUID, head: Head, end: ChainEnd) -> Entry:
    """Seal the entry that follows `end`, for who inserts it together with other changes. Raises what `append` raises."""
    _check_head(player, head, end.last)
    keyring = load_keyring()
    salted = chain.salted(draft.context)
    entry = Entry(
        player=player,
        seq=head.seq + 1,
        kid=keyring.current,
        kind=draft.kind,
        delta=draft.delta,
        balance=head.balance + draft.delta,
        value=draft.value,
        action=draft.action,
        ref=draft.ref,
        actor=draft.actor,
        at_us=end.now_us,
        detail=chain.commit_to(salted),
        prev=head.mac,
        mac="",
        context=salted,
    )
    return entry._replace(mac=chain.compute_mac(keyring.keys[keyring.current], entry))


def append_system(draft: EntryDraft) -> AuditEntry:
    """Append to the system chain. It has no row to lock: an advisory lock holds until the transaction ends. Raises what `append` raises."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYSTEM_CHAIN_LOCK])
        end = read_end(chain.SYSTEM_CHAIN)
        last = end.last
        head = Head(last.seq, last.mac, last.balance) if last else Head(0, chain.NO_HEAD, 0)
        return append(draft, player=chain.SYSTEM_CHAIN, head=head, end=end)


def holds(head: Head, last: chain.LastEntry | None) -> bool:
    """Tell whether the last entry of a chain is the one that `head` speaks of, as it was sealed; None where there is none.

    Raises LedgerKeyMissing when that cannot be told.
    """
    if last is None:
        return head == Head(0, chain.NO_HEAD, 0)
    return head == Head(last.seq, last.mac, last.balance) and (
        chain.compute_mac(find_ledger_key(last.kid), last) == last.mac
    )


def _check_head(player: UUID, head: Head, last: chain.LastEntry | None) -> None:
    if not holds(head, last):
        raise ChainBroken(f"the chain of {player} does not end where its score says (entry {head.seq})")
