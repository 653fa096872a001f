"""The only writers of scores and catalogue. Every change and its audit entry are one transaction; the announcement comes after it."""

import hmac
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q

from audit import ledger
from audit.models import AuditEntry
from scores import live
from scores.errors import (
    BalanceOutOfRange,
    Cooldown,
    DailyCap,
    IdempotencyConflict,
    InvalidBody,
    PlayerFrozen,
    ReceiptInvalid,
    ReceiptRequired,
    ReceiptSubject,
    ReceiptUsed,
    TokenInvalid,
    Unavailable,
    UnknownAction,
)
from scores.models import MAXIMUM_BALANCE, Action, Score
from scores.names import name_key
from scores.players import ensure_external_player
from scores.receipts import Receipt, examine

logger = logging.getLogger(__name__)

MICROSECONDS = 1_000_000
PASSWORD_STAMP_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Who an access token speaks for, not yet looked up. `password_stamp` ties a token of ours to the password it was issued under."""

    player: UUID
    token_id: str
    password_stamp: str | None
    is_authenticated: bool = True
    #: Set for a token signed elsewhere, whose player is made on first sight under this name.
    external_name: str | None = None


@dataclass(frozen=True, slots=True)
class SelfReport:
    """A catalogue action in the player's own word; `key` makes a retry harmless."""

    action: str
    key: str

    def ref(self, player: UUID) -> str:
        return f"k:{player}:{sha256(self.key.encode('ascii')).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Award:
    """A committed update: the entry, whose it is, and whether it was committed by an earlier request with the same key."""

    entry: AuditEntry
    name: str
    replayed: bool


def password_stamp(user: AbstractBaseUser) -> str:
    """What changes with the password (and with SECRET_KEY) and tells nothing of it."""
    return user.get_session_auth_hash()[:PASSWORD_STAMP_LENGTH]


def award(*, caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award:
    """Credit the caller for an act, exactly once, or raise the `Refused` that the contract's order of checks meets first."""
    try:
        return _award(caller, act, context)
    except IntegrityError:
        # Another player's transaction used the same receipt id at the same moment: now that it is committed, it is seen.
        return _award(caller, act, context)


@transaction.atomic
def _award(caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award:
    score = _lock_caller(caller)
    ref = act.ref if isinstance(act, Receipt) else act.ref(score.pk)
    earlier = AuditEntry.objects.filter(ref=ref).first() if ref else None
    if earlier is not None and _is_replay(earlier, score.pk, act):
        return Award(earlier, score.name, replayed=True)
    if score.frozen:
        raise PlayerFrozen
    action = _find_action(act)
    delta = _check_proof(score.pk, action, act)
    _check_pace(score.pk, action)
    if score.points + delta > MAXIMUM_BALANCE:
        raise BalanceOutOfRange
    entry = append_entry(
        score,
        kind=AuditEntry.Kind.AWARD,
        delta=delta,
        action=action.slug,
        ref=ref,
        actor=str(score.pk),
        context={**context, "token": caller.token_id, **({"receipt": act.text} if isinstance(act, Receipt) else {})},
    )
    return Award(entry, score.name, replayed=False)


def _lock_caller(caller: Caller) -> Score:
    score = Score.objects.select_for_update(of=("self",)).select_related("user").filter(pk=caller.player).first()
    if score is None and caller.external_name is not None:
        ensure_external_player(caller.player, caller.external_name)
        return _lock_caller(replace(caller, external_name=None))
    if score is None:
        raise TokenInvalid(reason="unknown_player")
    check_caller(score, caller)
    return score


def check_caller(score: Score, caller: Caller) -> None:
    """That the token still speaks for this player; raises TokenInvalid."""
    if not score.user.is_active:
        raise TokenInvalid(reason="inactive")
    if caller.password_stamp is not None and not hmac.compare_digest(password_stamp(score.user), caller.password_stamp):
        raise TokenInvalid(reason="password_changed")


def _is_replay(earlier: AuditEntry, player: UUID, act: SelfReport | Receipt) -> bool:
    """Whether the entry that used this key answers this request; raises where the key came with other content."""
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


def _find_action(act: SelfReport | Receipt) -> Action:
    if isinstance(act, Receipt):
        if act.claims is None:
            raise ReceiptInvalid(reason=act.fault)
        slug = act.claims["act"]
    else:
        slug = act.action
    action = Action.objects.filter(slug=slug, enabled=True).first()
    if action is None:
        raise UnknownAction
    if not action.is_sealed:
        logger.critical(
            "the catalogue's row %r was changed behind the application's back; set it again to use it", slug
        )
        raise Unavailable(retry_after=60, reason="catalogue_changed")
    return action


def _check_proof(player: UUID, action: Action, act: SelfReport | Receipt) -> int:
    """The points this act is worth, once its proof holds."""
    if isinstance(act, SelfReport):
        if action.receipt_required or settings.SCORE_REQUIRE_RECEIPTS:
            raise ReceiptRequired
        return action.points
    if act.fault:
        raise ReceiptInvalid(reason=act.fault)
    if not act.is_for(player):
        raise ReceiptSubject
    if act.overreach:
        raise ReceiptInvalid(reason=act.overreach)
    points: int = act.claims["pts"] if act.claims else 0
    return points


def _check_pace(player: UUID, action: Action) -> None:
    """Cooldown and daily cap, counted from the log under the player's lock."""
    if not action.cooldown_seconds and not action.daily_cap:
        return
    now = ledger.now_us()
    midnight = int(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * MICROSECONDS
    since = min(midnight, now - action.cooldown_seconds * MICROSECONDS)
    done = AuditEntry.objects.filter(
        player=player, action=action.slug, kind=AuditEntry.Kind.AWARD, at_us__gte=since
    ).aggregate(last=Max("at_us"), today=Count("pk", filter=Q(at_us__gte=midnight)))
    free_at = (done["last"] or 0) + action.cooldown_seconds * MICROSECONDS
    if action.cooldown_seconds and free_at > now:
        raise Cooldown(retry_after=-((now - free_at) // MICROSECONDS))
    if action.daily_cap and done["today"] >= action.daily_cap:
        tomorrow = midnight + 86_400 * MICROSECONDS
        raise DailyCap(retry_after=-((now - tomorrow) // MICROSECONDS))


def append_entry(
    score: Score, *, kind: str, delta: int, action: str, ref: str | None, actor: str, context: Mapping[str, str]
) -> AuditEntry:
    """Append to the chain of a locked score and move the score along with it."""
    try:
        entry = ledger.append(
            player=score.pk,
            head=score.ledger_head,
            kind=kind,
            delta=delta,
            action=action,
            ref=ref,
            actor=actor,
            context=context,
        )
    except ledger.ChainBroken as error:
        logger.critical(
            "%s; this player is held until an investigator has looked (manage.py verify_ledger --player %s)",
            error,
            score.pk,
        )
        raise Unavailable(retry_after=60, reason="chain_broken") from None
    score.follow(entry)
    transaction.on_commit(live.announce)
    return entry


@transaction.atomic
def make_players(names: Iterable[str]) -> list[tuple[Score, bool]]:
    """The players of these names, in order, the missing ones made in bulk; each with whether it is new. All names are fit already."""
    keys = {name_key(name): name for name in names}
    existing = {
        score.name_key: score
        for chunk in _chunks(list(keys))
        for score in Score.objects.filter(name_key__in=chunk).select_related("user")
    }
    missing = [key for key in keys if key not in existing]
    unusable = make_password(None)
    for chunk in _chunks(missing):
        ids = [uuid4() for _ in chunk]
        users = User.objects.bulk_create([User(username=f"player-{player}", password=unusable) for player in ids])
        scores = [
            Score(id=player, user=user, name=keys[key], name_key=key)
            for player, user, key in zip(ids, users, chunk, strict=True)
        ]
        existing.update({score.name_key: score for score in Score.objects.bulk_create(scores)})
    new = set(missing)
    return [(existing[key], key in new) for key in keys]


def _chunks(items: list[str], size: int = 5000) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


@transaction.atomic
def set_action(*, actor: str, reason: str = "", **fields: Any) -> Action:
    """Add a catalogue action or set every field of one; the change is an entry of the system chain."""
    action = Action(**fields)
    try:
        action.full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidBody(
            errors=[{"field": field, "detail": " ".join(messages)} for field, messages in error.message_dict.items()]
        ) from None
    before = Action.objects.select_for_update().filter(pk=action.pk).first()
    if before is None or before.terms != action.terms or not before.is_sealed:
        context = {"before": plain(before), "after": plain(action), **({"reason": reason} if reason else {})}
        entry = ledger.append_system(kind=AuditEntry.Kind.CONFIG, action=action.slug, actor=actor, context=context)
        action.change = entry.seq
        action.save(force_insert=before is None, force_update=before is not None)
    return action


def plain(action: Action | None) -> str:
    """An action's terms as the log keeps them."""
    return "" if action is None else " ".join(f"{name}={value!r}" for name, value in sorted(action.terms.items()))
