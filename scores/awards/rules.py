"""The rules of an award: what is claimed, by whom, what the database says about it, and what follows. Nothing here reads or writes.

The order of refusals is that of docs/contract.md 2.3. `compare_and_swap` and `locking` read the facts and write the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from audit.chain import StoredEntry
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from audit.references import self_report_ref
from audit.times import DAY_US, SECOND_US
from scores.callers import Caller, PlayerRow
from scores.errors import (
    BalanceOutOfRange,
    CatalogueChanged,
    Cooldown,
    DailyCap,
    IdempotencyConflict,
    PlayerFrozen,
    ReceiptInvalid,
    ReceiptRequired,
    ReceiptSubject,
    ReceiptUsed,
    UnknownAction,
    describe_pause,
)
from scores.models import MAXIMUM_BALANCE, Action, Score
from scores.receipts.statements import StatedAward, Statement
from scores.receipts.verifier import Proof, Receipt


@dataclass(frozen=True, slots=True)
class SelfReport:
    """A catalogue action in the player's own word; `key` makes a retry harmless."""

    action: str
    key: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who claims to have done what, or of whom an issuer does; `context` says from where, as the entry keeps it."""

    caller: Caller
    act: SelfReport | Receipt | StatedAward
    context: Mapping[str, str]

    @property
    def ref(self) -> str | None:
        """What may happen only once; None for a receipt too broken to name it."""
        if isinstance(self.act, SelfReport):
            return self_report_ref(self.caller.player, self.act.key)
        return self.act.ref

    @property
    def slug(self) -> str | None:
        """The action that is claimed; None for a receipt too broken to say."""
        return self.act.action

    @property
    def statement(self) -> Statement | None:
        """What it was signed in, with others."""
        return self.act.statement if isinstance(self.act, StatedAward) else None


@dataclass(frozen=True, slots=True)
class Award:
    """A committed update: the entry, whose it is, and whether it was committed by an earlier request with the same key."""

    entry: StoredEntry
    name: str
    replayed: bool


@dataclass(slots=True)
class Facts:
    """What the database says about an act, and when: `action` may be disabled, `last_us` and `done_today` are its pace.

    At `now_us`, the log's own time, everything about the act is judged, and its entry is sealed.
    """

    score: Score | PlayerRow
    earlier: StoredEntry | None
    action: Action | None
    now_us: int
    last_us: int = 0
    done_today: int = 0

    def apply(self, planned: "PlannedChain", *, ref: str | None) -> None:
        """Take in the awards of this player that are about to be written; `ref` is that of the act in question."""
        last = planned.entries[-1]
        self.score.points, self.score.seq, self.score.head = last.balance, last.seq, last.mac
        self.earlier = planned.by_ref.get(ref, self.earlier)
        if self.action is not None and (pace := planned.paces.get(self.action.slug)):
            self.last_us, self.done_today = pace[0], self.done_today + pace[1]


class PlannedChain:
    """The awards of one player that are about to be written, in their order, and what of them bears on the next."""

    def __init__(self) -> None:
        self.entries: list[StoredEntry] = []
        self.by_ref: dict[str | None, StoredEntry] = {}
        #: By action: when it was last done, and how often.
        self.paces: dict[str, tuple[int, int]] = {}

    def append(self, entry: StoredEntry) -> None:
        self.entries.append(entry)
        self.by_ref[entry.ref] = entry
        _, done = self.paces.get(entry.action, (0, 0))
        self.paces[entry.action] = entry.at_us, done + 1


def is_replay(earlier: StoredEntry, player: UUID, act: SelfReport | Proof) -> bool:
    """Tell whether the entry that used this key answers this request.

    Raises IdempotencyConflict when the key came with another action, ReceiptUsed when it is that of another receipt.
    """
    if isinstance(act, SelfReport):
        if earlier.action != act.action:
            raise IdempotencyConflict
        return True
    same = act.is_of(earlier)
    if same and earlier.player == player:
        return True
    # A forged text says nothing true about the receipt whose id it borrows, and a stolen one is refused for its subject.
    if not same and act.fault != "signature":
        raise ReceiptUsed
    return False


def evaluate(facts: Facts, act: SelfReport | Proof) -> int:
    """Say how many points this act is worth.

    Raises the refusal that comes first: PlayerFrozen, ReceiptInvalid, UnknownAction, ReceiptRequired, ReceiptSubject, Cooldown,
    DailyCap or BalanceOutOfRange. Raises CatalogueChanged when the action is not as the application wrote it, LedgerKeyMissing
    when that cannot be told.
    """
    if facts.score.frozen:
        raise PlayerFrozen
    action = _check_action(facts.action, act)
    delta = _check_proof(facts, action, act)
    _check_pace(facts, action)
    if facts.score.points + delta > MAXIMUM_BALANCE:
        raise BalanceOutOfRange
    return delta


def draft_award(facts: Facts, attempt: Attempt) -> EntryDraft:
    """Say what the entry of the award is to say, by whichever way it is written. Raises what `evaluate` raises."""
    act = attempt.act
    proof, value = ({}, None) if isinstance(act, SelfReport) else (act.evidence, act.value)
    token = {} if attempt.caller.token_id is None else {"token": attempt.caller.token_id}
    return EntryDraft(
        kind=AuditEntry.Kind.AWARD,
        delta=evaluate(facts, act),
        value=value,
        action=attempt.slug or "",
        ref=attempt.ref,
        actor=str(facts.score.pk),
        context={**attempt.context, **token, **proof},
    )


def midnight_us(now_us: int) -> int:
    """Begin of the UTC day, in microseconds since 1970."""
    return now_us - now_us % DAY_US


def _check_action(action: Action | None, act: SelfReport | Proof) -> Action:
    if not isinstance(act, SelfReport) and act.action is None:
        raise ReceiptInvalid(reason=act.fault)
    if action is None or not action.enabled:
        raise UnknownAction
    if not action.is_sealed:
        raise CatalogueChanged(action.slug)
    return action


def _check_proof(facts: Facts, action: Action, act: SelfReport | Proof) -> int:
    """The points this act is worth, once its proof holds."""
    if isinstance(act, SelfReport):
        if action.receipt_required or action.takes_value or settings.SCORE_REQUIRE_RECEIPTS:
            raise ReceiptRequired
        return action.points
    if fault := act.find_fault(facts.now_us):
        raise ReceiptInvalid(reason=fault)
    if not act.is_for(facts.score.pk):
        raise ReceiptSubject
    if act.overreach:
        raise ReceiptInvalid(reason=act.overreach)
    if (act.value is not None) != action.takes_value:
        raise ReceiptInvalid(reason="value")
    return act.points


def _check_pace(facts: Facts, action: Action) -> None:
    """Cooldown and daily cap, counted from the log."""
    now = facts.now_us
    free_at = facts.last_us + action.cooldown_seconds * SECOND_US
    if action.cooldown_seconds and free_at > now:
        raise _refuse_until(free_at, now, Cooldown)
    if action.daily_cap and facts.done_today >= action.daily_cap:
        raise _refuse_until(midnight_us(now) + DAY_US, now, DailyCap)


def _refuse_until(free_us: int, now_us: int, refusal: type[Cooldown | DailyCap]) -> Cooldown | DailyCap:
    """The refusal of what counts again later, with the whole seconds until then."""
    seconds = -((now_us - free_us) // SECOND_US)
    return refusal(f"{refusal.detail} {describe_pause(seconds)}", retry_after=seconds)
