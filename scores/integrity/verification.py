"""Everything against everything: scores, standings, receipts and definitions against the log, the log against itself and its copies.

One pass in the order of the players, nothing held in memory per entry, all of one moment of the database.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from audit import chain, references
from audit.chain import Entry
from audit.checkpoint_verification import check_blocks, check_pinned
from audit.keys import Keyring, LedgerKeyMissing, load_checkpoint_keys, load_keyring
from audit.models import Checkpoint
from audit.queries import CHUNK
from audit.times import to_moment
from audit.verification import (
    ChainCheck,
    Erasures,
    Finding,
    State,
    consistent_read,
    read_entries,
    read_erasures,
    read_leaves,
)
from scores.integrity.boards_check import check_boards
from scores.integrity.catalogue_check import check_catalogue
from scores.integrity.imports_check import ImportsCheck
from scores.integrity.standings_check import StandingsCheck
from scores.integrity.statements_check import LateEntries, check_statements
from scores.models import Score
from scores.names import erased_name, name_key, search_key
from scores.receipts.evidence import EvidenceCheck

Progress = Callable[[int], None]
Examine = Callable[[State, Entry], Iterable[Finding]]
IDENTITY_COLUMNS = ("id", "user_id", "name", "claimed_name", "claimed_us", "named_by", "seal")


class DerivedScore(NamedTuple):
    """The columns of a score that its chain determines."""

    points: int
    reached_at: datetime | None
    seq: int
    head: str
    frozen: bool


class ScoreRow(NamedTuple):
    """A score as it is stored."""

    id: UUID
    points: int
    reached_at: datetime | None
    seq: int
    head: str
    frozen: bool
    user_id: int
    name: str
    name_key: str
    search_key: str
    claimed_name: str
    claimed_us: int
    named_by: int
    seal: str

    @property
    def derived(self) -> DerivedScore:
        return DerivedScore(self.points, self.reached_at, self.seq, self.head, self.frozen)


@dataclass(frozen=True, slots=True)
class Difference:
    """A player whose score or standings are not what the chain says; `stored` is None where there is no such player.

    `standings` are what stands otherwise, and `is_sound` is whether the chain holds.
    """

    player: UUID
    expected: DerivedScore
    stored: DerivedScore | None
    standings: Sequence[Finding]
    is_sound: bool


def verify(
    *, player: UUID | None = None, pinned: Sequence[str] | None = None, progress: Progress = lambda _: None
) -> Iterator[Finding]:
    """Find each thing that does not hold, of one player or of all. `pinned` are exported checkpoints, read before this is called.

    Raises ImproperlyConfigured when a key file cannot be used.
    """
    with consistent_read():
        yield from _check_chains(player, progress)
        if player is None:
            yield from check_catalogue()
            yield from check_boards()
            yield from check_statements()
            if settings.CHECKPOINT_KEY_FILE:
                yield from check_blocks(load_checkpoint_keys())
            elif Checkpoint.objects.exists():
                yield Finding("checkpoint", "cannot be verified: CHECKPOINT_KEY_FILE is not set")
        if pinned is not None:
            yield from check_pinned(load_checkpoint_keys(), pinned)


def find_differences(
    player: UUID | None = None,
    progress: Progress = lambda _: None,
    *,
    boards: Collection[str] | None = None,
) -> Iterator[Difference]:
    """Find every player whose score or standings, of these boards or of all, are not what the chain says, of one moment.

    Raises ImproperlyConfigured when the ledger keys cannot be used.
    """
    keyring = load_keyring()
    broken: set[UUID] = set()
    with consistent_read():
        check = ChainCheck(keyring, read_erasures(keyring), iter(()))
        standings = StandingsCheck(player=player, boards=boards)

        def examine(state: State, entry: Entry) -> Iterable[Finding]:
            findings = list(check.check(state, entry))
            standings.apply(entry)
            if findings:
                broken.add(entry.player)
            return findings

        for item in _walk(player, examine, progress):
            if isinstance(item, tuple):
                state, score = item
                yield from _describe_strangers(standings.find_strangers(state.player))
                expected, stored = expected_score(state), score and score.derived
                found = list(standings.check(state.player, frozen=state.frozen))
                if stored != expected or found:
                    yield Difference(state.player, expected, stored, found, state.player not in broken)
        yield from _describe_strangers(standings.find_strangers(None))


def _describe_strangers(findings: Iterable[Finding]) -> Iterator[Difference]:
    """Who stands somewhere and is nobody."""
    for player, found in groupby(findings, attrgetter("player")):
        yield Difference(UUID(player), expected_score(State(UUID(player))), None, list(found), is_sound=True)


def expected_score(state: State) -> DerivedScore:
    """Return what the score of this chain must say."""
    reached_at = None if state.reached_us is None else to_moment(state.reached_us)
    return DerivedScore(state.balance, reached_at, state.seq, state.mac, state.frozen)


def _check_chains(player: UUID | None, progress: Progress) -> Iterator[Finding]:
    keyring = load_keyring()
    erasures = read_erasures(keyring)
    check, standings = ChainCheck(keyring, erasures, read_leaves(player)), StandingsCheck(player=player)
    late, evidence, imports = LateEntries(), EvidenceCheck(), ImportsCheck(keyring)

    def examine(state: State, entry: Entry) -> Iterator[Finding]:
        yield from late.check(entry, check.find_seal(entry))
        yield from check.check(state, entry)
        standings.apply(entry)
        if entry.kind == "award" and entry.ref is not None:
            yield from _check_evidence(entry, evidence)
        if entry.kind == "import":
            yield from imports.check(entry)

    for item in _walk(player, examine, progress):
        if isinstance(item, Finding):
            yield item
        else:
            yield from _compare(*item)
            yield from _check_identity(*item, keyring, erasures)
            state, _ = item
            yield from standings.find_strangers(state.player)
            yield from standings.check(state.player, frozen=state.frozen)
    yield from standings.find_strangers(None)
    yield from check.finish()


def _walk(
    player: UUID | None, examine: Examine, progress: Progress
) -> Iterator[Finding | tuple[State, ScoreRow | None]]:
    """Walk along all chains and scores by player: what `examine` finds in each entry, then the end of the chain with its score, if any."""
    scores = _read_scores(player)
    score = next(scores, None)
    for owner, entries in groupby(read_entries(player), attrgetter("player")):
        state = State(owner)
        for entry in entries:
            yield from examine(state, entry)
            state.apply(entry)
            progress(1)
        while score is not None and score.id.bytes < owner.bytes:
            yield State(score.id), score
            score = next(scores, None)
        if score is not None and score.id == owner:
            yield state, score
            score = next(scores, None)
        elif owner != chain.SYSTEM_CHAIN:
            yield state, None
    while score is not None:
        yield State(score.id), score
        score = next(scores, None)


def _read_scores(player: UUID | None) -> Iterator[ScoreRow]:
    scores = Score.objects.order_by("id")
    if player is not None:
        scores = scores.filter(pk=player)
    return map(ScoreRow._make, scores.values_list(*ScoreRow._fields).iterator(CHUNK))


def _compare(state: State, score: ScoreRow | None) -> Iterator[Finding]:
    if score is None:
        yield Finding("score", "there are entries, but no such player", str(state.player), state.seq)
        return
    for column, value in expected_score(state)._asdict().items():
        stored = getattr(score, column)
        if stored != value:
            text = f"the score says {stored!s}, the log says {value!s}"
            yield Finding(f"score.{column}", text, str(state.player), state.seq)


def _check_identity(state: State, score: ScoreRow | None, keyring: Keyring, erasures: Erasures) -> Iterator[Finding]:
    """Whose score this is and what the player is called, held against the seal and against the entries that name."""
    if score is None:
        return
    player = str(state.player)
    if score.named_by != state.named_by:
        text = f"the score says entry {score.named_by}, the newest that names the player is {state.named_by}"
        yield Finding("score.named_by", text, player, state.seq)
    kid = score.seal.rpartition(":")[0]
    if not _is_identity_sealed(score):
        # Where the key of the chain itself is missing, it is the key file that is not whole.
        rule = "kid" if kid == state.kid and kid not in keyring.keys else "score.seal"
        yield Finding(
            rule, f"account, name or what a token said are not what was sealed with the key {kid!r}", player, state.seq
        )
    if state.named_by <= erasures.until.get(player, -1) and score.name != erased_name(state.player):
        yield Finding("score.name", "is another than the erasure of the player left", player, state.seq)
    if score.name_key != name_key(score.name):
        yield Finding("score.name_key", "is not that of the name", player)
    # It is left empty by servers of the version before: then the name is found with its accents only.
    if score.search_key not in {"", search_key(score.name)}:
        yield Finding("score.search_key", "is not that of the name", player)


def _is_identity_sealed(score: ScoreRow) -> bool:
    try:
        return Score(**{name: getattr(score, name) for name in IDENTITY_COLUMNS}).is_sealed
    except LedgerKeyMissing:
        return False


def _check_evidence(entry: Entry, evidence: EvidenceCheck) -> Iterable[Finding]:
    """What an award rests on: what an issuer signed, or the player's own key."""
    assert entry.ref is not None  # noqa: S101 - only such entries come here
    if references.is_receipt(entry.ref):
        # An erased receipt proved itself when it was taken, which the MAC still says.
        kept = entry.context if isinstance(entry.context, dict) else {}
        fault = "" if entry.context is None else evidence.find_fault(kept, entry)
    else:
        is_own = references.is_self_report_of(entry.ref, entry.player)
        fault = "" if is_own else "reference is of another player or form"
    return [Finding("receipt", fault, str(entry.player), entry.seq)] if fault else ()
