"""The log against itself: every entry, every checkpoint and leaf, recomputed as a stream. What proves what stands in `chain`.

Nothing here is held in memory per entry: entries and leaves come in the order of (player, seq) from the database.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from audit import chain
from audit.chain import Entry
from audit.digests import START, extend
from audit.keys import Keyring
from audit.models import AuditEntry, CheckpointHead
from audit.queries import CHUNK, system_records

COLUMNS = (*chain.SEALED_FIELDS, "mac", "context")
KINDS = frozenset(AuditEntry.Kind.values)
#: Prefix of `action` where a player's contexts were erased; the player's UUID follows.
ERASURE = "erase:"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed: whose chain, which entry, and the column or rule."""

    rule: str
    detail: str
    player: str = ""
    seq: int | None = None

    def __str__(self) -> str:
        place = f"player {self.player} " if self.player else ""
        entry = f"entry {self.seq} " if self.seq is not None else ""
        return f"{place}{entry}{self.rule}: {self.detail}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check said, also where all is well: it holds (True), it does not (False), or it could not be told here (None).

    `subject` names what was checked, where results stand beside each other.
    """

    holds: bool | None
    sentence: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{'OPEN' if self.holds is None else 'HOLDS' if self.holds else 'FINDING'}: {self.sentence}"


class SignedLeaf(NamedTuple):
    """Where a checkpoint says that a chain ended; without a digest in one of version 1."""

    player: UUID
    seq: int
    mac: str
    digest: str
    number: int


@dataclass(slots=True)
class State:
    """Where a chain stands after the entries so far: what its score must say."""

    player: UUID
    seq: int = 0
    mac: str = chain.NO_HEAD
    balance: int = 0
    at_us: int = 0
    reached_us: int | None = None
    frozen: bool = False
    kid: str = ""
    named_by: int = 0

    def apply(self, entry: Entry) -> None:
        """Move on to the state after this entry, whether or not it holds."""
        self.seq, self.mac, self.balance, self.at_us = entry.seq, entry.mac, entry.balance, entry.at_us
        self.kid = entry.kid
        if entry.delta or self.reached_us is None:
            self.reached_us = entry.at_us
        if entry.kind in {"freeze", "unfreeze"}:
            self.frozen = entry.kind == "freeze"
        if entry.kind == "rename":
            self.named_by = entry.seq


@contextmanager
def consistent_read() -> Iterator[None]:
    """Let all reads inside see the database as of one moment, and hold up no writer.

    Inside a transaction of the caller it does nothing: reads see what that transaction lets them.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        # Django's own transactions take SQLite's write lock at once (settings), and would keep it to the end.
        with connection.cursor() as cursor:
            if connection.connection.in_transaction:  # within another such read
                yield
                return
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def read_entries(player: UUID | None = None) -> Iterator[Entry]:
    """Read the log by (player, seq), one player's or all of it; the system chain comes first."""
    entries = AuditEntry.objects.order_by("player", "seq")
    if player is not None:
        entries = entries.filter(player=player)
    return map(Entry._make, entries.values_list(*COLUMNS).iterator(CHUNK))


def read_entries_of(players: Collection[UUID]) -> Iterator[Entry]:
    """Read the chains of these players by (player, seq)."""
    entries = AuditEntry.objects.filter(player__in=players).order_by("player", "seq")
    return map(Entry._make, entries.values_list(*COLUMNS).iterator(CHUNK))


def read_leaves(player: UUID | None = None) -> Iterator[SignedLeaf]:
    """Read all leaves by (player, seq)."""
    leaves = CheckpointHead.objects.order_by("player", "seq", "checkpoint_id")
    if player is not None:
        leaves = leaves.filter(player=player)
    return map(SignedLeaf._make, leaves.values_list("player", "seq", "mac", "digest", "checkpoint_id").iterator(CHUNK))


@dataclass(frozen=True, slots=True)
class Erasures:
    """Which contexts may be missing: up to which entry of each erased player, and which entries of the system chain."""

    until: Mapping[str, int]
    system: frozenset[int] = frozenset()

    def covers(self, entry: Entry) -> bool:
        if entry.player == chain.SYSTEM_CHAIN:
            return entry.seq in self.system
        return entry.seq <= self.until.get(str(entry.player), 0)


NO_ERASURES = Erasures({})


def read_erasures(keyring: Keyring) -> Erasures:
    """Read which persons were erased, from entries of the system chain that are sealed with one of our keys."""
    until: dict[str, int] = {}
    system: set[int] = set()
    for entry in system_records().filter(action__startswith=ERASURE):
        key = keyring.keys.get(entry.kid)
        context = entry.context or {}
        if key and chain.compute_mac(key, entry) == entry.mac and chain.commit_to(context) == entry.detail:
            until[entry.action.removeprefix(ERASURE)] = int(context["entries"])
            system.update(map(int, context.get("reviews", "").split()))
    return Erasures(until, frozenset(system))


class ChainCheck:
    """Goes along the entries in order, keeps the state of the chain they belong to, and compares leaves on the way."""

    def __init__(
        self,
        keyring: Keyring,
        erasures: Erasures,
        leaves: Iterator[SignedLeaf],
    ) -> None:
        self._keyring = keyring
        self._erasures = erasures
        self._leaves = leaves
        self._leaf = next(leaves, None)
        self._digest = START

    def check(self, state: State, entry: Entry) -> Iterable[Finding]:
        """Find what is wrong with the next entry of the chain in this state."""
        key = self._keyring.keys.get(entry.kid)
        canonical = chain.canonical(entry)
        mac = "" if key is None else chain.authenticate(key, canonical)
        self._digest = extend(self._digest if state.seq else START, canonical)
        if (
            key is not None
            and mac == entry.mac
            and entry.seq == state.seq + 1
            and entry.prev == state.mac
            and entry.balance == state.balance + entry.delta
            and entry.at_us >= state.at_us
            and entry.kind in KINDS
            and self._context_holds(entry)
        ):
            return self._check_leaves(entry)
        return [*self._explain(state, entry, mac), *self._check_leaves(entry)]

    def find_seal(self, entry: Entry) -> int | None:
        """The number of the checkpoint that covered the next entry first; None where none did. To be asked before `check`."""
        leaf = self._leaf
        return leaf.number if leaf is not None and leaf.player == entry.player and leaf.seq >= entry.seq else None

    def finish(self) -> Iterable[Finding]:
        """Find what leaves speak of that lies behind the last entry."""
        while self._leaf is not None:
            yield self._missing(self._leaf)
            self._leaf = next(self._leaves, None)

    def _context_holds(self, entry: Entry) -> bool:
        if entry.context is None:
            return self._erasures.covers(entry)
        return chain.commit_to(entry.context) == entry.detail

    def _explain(self, state: State, entry: Entry, mac: str) -> Iterator[Finding]:
        """`mac` is what it must be; empty where there is no key to tell."""
        rules = [
            ("kid", not mac, f"sealed with a key that is not in the keyring: {entry.kid!r}"),
            ("seq", entry.seq != state.seq + 1, f"entry {state.seq + 1} is missing"),
            ("prev", entry.prev != state.mac, "does not follow the entry before it"),
            ("balance", entry.balance != state.balance + entry.delta, "is not the balance before plus delta"),
            ("at_us", entry.at_us < state.at_us, "is earlier than the entry before it"),
            ("kind", entry.kind not in KINDS, f"there is no {entry.kind!r}"),
            ("context", not self._context_holds(entry), "is not what detail commits to, or was removed unrecorded"),
        ]
        if mac and mac != entry.mac:
            rules.append(("mac", True, "the entry was changed after it was sealed, or was never sealed with our key"))
        return (Finding(rule, text, str(entry.player), entry.seq) for rule, broken, text in rules if broken)

    def _check_leaves(self, entry: Entry) -> Iterable[Finding]:
        leaf = self._leaf
        if leaf is None or (leaf.player.bytes, leaf.seq) > (entry.player.bytes, entry.seq):
            return ()
        return self._pass_leaves(entry)

    def _pass_leaves(self, entry: Entry) -> Iterator[Finding]:
        here = (entry.player.bytes, entry.seq)
        while (leaf := self._leaf) is not None and (leaf.player.bytes, leaf.seq) <= here:
            if (leaf.player, leaf.seq) != (entry.player, entry.seq):
                yield self._missing(leaf)
            elif leaf.mac != entry.mac:
                text = f"is not the entry that checkpoint {leaf.number} signed"
                yield Finding("checkpoint", text, str(entry.player), entry.seq)
            elif leaf.digest not in {"", self._digest.hex()}:
                text = f"the digest up to here is not the one that checkpoint {leaf.number} signed"
                yield Finding("checkpoint", text, str(entry.player), entry.seq)
            self._leaf = next(self._leaves, None)

    @staticmethod
    def _missing(leaf: SignedLeaf) -> Finding:
        return Finding("checkpoint", f"is missing; checkpoint {leaf.number} signed it", str(leaf.player), leaf.seq)
