"""The rules of an award: what is claimed, by whom, what the database says about it, and what follows. Nothing here reads or writes.

The order of refusals is that of docs/contract.md 2.3. `compare_and_swap` and `locking` read the facts and write the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from audit.references import self_report_ref
from audit.times import DAY_US, SECOND_US
from scores.callers import Caller
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
)
from scores.models import MAXIMUM_BALANCE, Action, Score
from scores.receipts.verifier import Receipt, examine


@dataclass(frozen=True, slots=True)
class SelfReport:
    """A catalogue action in the player's own word; `key` makes a retry harmless."""

    action: str
    key: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who claims to have done what; `context` says from where, as the entry keeps it."""

    caller: Caller
    act: SelfReport | Receipt
    context: Mapping[str, str]

    @property
    def ref(self) -> str | None:
        """What may happen only once; None for a receipt too broken to name it."""
        if isinstance(self.act, Receipt):
            return self.act.ref
        return self_report_ref(self.caller.player, self.act.key)

    @property
    def slug(self) -> str | None:
        """The action that is claimed; None for a receipt too broken to say."""
        if isinstance(self.act, SelfReport):
            return self.act.action
        return self.act.claims["act"] if self.act.claims else None


@dataclass(frozen=True, slots=True)
class Award:
    """A committed update: the entry, whose it is, and whether it was committed by an earlier request with the same key."""

    entry: AuditEntry
    name: str
    replayed: bool


@dataclass(slots=True)
class Facts:
    """What the database says about an act, and when: `action` may be disabled, `last_us` and `done_today` are its pace.

    At `now_us`, the log's own time, everything about the act is judged, and its entry is sealed.
    """

    score: Score
    earlier: AuditEntry | None
    action: Action | None
    now_us: int
    last_us: int = 0
    done_today: int = 0

    def apply(self, entry: AuditEntry, *, ref: str | None) -> None:
        """Take in an award of this player that is about to be written; `ref` is that of the act in question."""
        self.score.points, self.score.seq, self.score.head = entry.balance, entry.seq, entry.mac
        if entry.ref == ref:
            self.earlier = entry
        if self.action is not None and self.action.slug == entry.action:
            self.last_us, self.done_today = entry.at_us, self.done_today + 1


def is_replay(earlier: AuditEntry, player: UUID, act: SelfReport | Receipt) -> bool:
    """Tell whether the entry that used this key answers this request.

    Raises IdempotencyConflict when the key came with another action, ReceiptUsed when it is that of another receipt.
    """
    if isinstance(act, SelfReport):
        if earlier.action != act.action:
            raise IdempotencyConflict
        return True
    same = examine((earlier.context or {}).get("receipt", "")).claims == act.claims
    if same and earlier.player == player:
        return True
    # A forged text says nothing true about the receipt whose id it borrows, and a stolen one is refused for its subject.
    if not same and act.fault != "signature":
        raise ReceiptUsed
    return False


def evaluate(facts: Facts, act: SelfReport | Receipt) -> int:
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
    receipt = {"receipt": act.text} if isinstance(act, Receipt) else {}
    return EntryDraft(
        kind=AuditEntry.Kind.AWARD,
        delta=evaluate(facts, act),
        value=act.claims.get("val") if isinstance(act, Receipt) and act.claims else None,
        action=attempt.slug or "",
        ref=attempt.ref,
        actor=str(facts.score.pk),
        context={**attempt.context, "token": attempt.caller.token_id, **receipt},
    )


def midnight_us(now_us: int) -> int:
    """Begin of the UTC day, in microseconds since 1970."""
    return now_us - now_us % DAY_US


def _check_action(action: Action | None, act: SelfReport | Receipt) -> Action:
    if isinstance(act, Receipt) and act.claims is None:
        raise ReceiptInvalid(reason=act.fault)
    if action is None or not action.enabled:
        raise UnknownAction
    if not action.is_sealed:
        raise CatalogueChanged(action.slug)
    return action


def _check_proof(facts: Facts, action: Action, act: SelfReport | Receipt) -> int:
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
    if act.claims is not None and ("val" in act.claims) != action.takes_value:
        raise ReceiptInvalid(reason="value")
    return act.claims["pts"] if act.claims else 0


def _check_pace(facts: Facts, action: Action) -> None:
    """Cooldown and daily cap, counted from the log."""
    now = facts.now_us
    free_at = facts.last_us + action.cooldown_seconds * SECOND_US
    if action.cooldown_seconds and free_at > now:
        raise Cooldown(retry_after=-((now - free_at) // SECOND_US))
    if action.daily_cap and facts.done_today >= action.daily_cap:
        raise DailyCap(retry_after=-((now - midnight_us(now) - DAY_US) // SECOND_US))
