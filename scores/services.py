"""The only writers of scores and catalogue. Every change and its audit entry are one transaction; the announcement comes after it."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q

from audit import ledger
from audit.models import AuditEntry
from scores import live, swap
from scores.awarding import (
    MICROSECONDS,
    Award,
    Caller,
    Facts,
    SelfReport,
    check_caller,
    is_replay,
    midnight_us,
    ref_of,
    slug_of,
    weigh,
)
from scores.errors import InvalidBody, TokenInvalid, Unavailable
from scores.models import Action, Score
from scores.names import name_key
from scores.players import ensure_external_player
from scores.receipts import Receipt

logger = logging.getLogger(__name__)

#: How often an award reads again when another writer of the player was quicker, before it takes the player's lock.
SWAPS = 3


def award(*, caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award:
    """Credit the caller for an act, exactly once, or raise the `Refused` that the contract's order of checks meets first."""
    context = {**context, "token": caller.token_id, **({"receipt": act.text} if isinstance(act, Receipt) else {})}
    try:
        return _award(caller, act, context)
    except IntegrityError:
        # Another transaction used the same key at the same moment: now that it is committed, it is seen.
        return _award(caller, act, context)


def _award(caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award:
    if swap.is_possible():
        with swap.turn_of(caller.player):
            for _ in range(SWAPS):
                award = _award_by_swap(caller, act, context)
                if award is not None:
                    return award
    return _award_by_lock(caller, act, context)


def _award_by_swap(caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award | None:
    """In two round trips; None where the player is not known yet, or another writer was quicker."""
    ref = ref_of(act, caller.player)
    found = swap.read_facts(caller.player, ref, slug_of(act))
    if found is None:
        return None
    facts, newest = found
    score = facts.score
    check_caller(score, caller)
    if facts.earlier is not None and is_replay(facts.earlier, score.pk, act):
        return Award(facts.earlier, score.name, replayed=True)
    with _holding_broken_chains():
        entry = ledger.seal_next(
            newest,
            player=score.pk,
            head=score.ledger_head,
            **_describe_award(facts, act, ref),
            context=context,
        )
    if not swap.write_entry(score, entry):
        return None
    live.announce()
    return Award(entry, score.name, replayed=False)


@transaction.atomic
def _award_by_lock(caller: Caller, act: SelfReport | Receipt, context: Mapping[str, str]) -> Award:
    score = _lock_caller(caller)
    ref = ref_of(act, score.pk)
    earlier = AuditEntry.objects.filter(ref=ref).first() if ref else None
    if earlier is not None and is_replay(earlier, score.pk, act):
        return Award(earlier, score.name, replayed=True)
    facts = Facts(score, earlier, Action.objects.filter(slug=slug_of(act)).first())
    _read_pace(facts)
    entry = append_entry(score, **_describe_award(facts, act, ref), context=context)
    return Award(entry, score.name, replayed=False)


def _describe_award(facts: Facts, act: SelfReport | Receipt, ref: str | None) -> dict[str, Any]:
    """What the entry of an award says, by whichever way it is written; raises the refusal that comes first."""
    return {
        "kind": AuditEntry.Kind.AWARD,
        "delta": weigh(facts, act),
        "action": slug_of(act) or "",
        "ref": ref,
        "actor": str(facts.score.pk),
    }


def _lock_caller(caller: Caller) -> Score:
    score = Score.objects.select_for_update(of=("self",)).select_related("user").filter(pk=caller.player).first()
    if score is None and caller.external_name is not None:
        ensure_external_player(caller.player, caller.external_name)
        return _lock_caller(replace(caller, external_name=None))
    if score is None:
        raise TokenInvalid(reason="unknown_player")
    check_caller(score, caller)
    return score


def _read_pace(facts: Facts) -> None:
    """When the action was last done and how often today, from the log under the player's lock."""
    action = facts.action
    if action is None or not (action.cooldown_seconds or action.daily_cap):
        return
    now = ledger.now_us()
    midnight = midnight_us(now)
    done = AuditEntry.objects.filter(
        player=facts.score.pk,
        action=action.slug,
        kind=AuditEntry.Kind.AWARD,
        at_us__gte=min(midnight, now - action.cooldown_seconds * MICROSECONDS),
    ).aggregate(last=Max("at_us"), today=Count("pk", filter=Q(at_us__gte=midnight)))
    facts.last_us, facts.done_today = done["last"] or 0, done["today"]


def append_entry(
    score: Score, *, kind: str, delta: int, action: str, ref: str | None, actor: str, context: Mapping[str, str]
) -> AuditEntry:
    """Append to the chain of a locked score and move the score along with it."""
    with _holding_broken_chains():
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
    score.follow(entry)
    transaction.on_commit(live.announce)
    return entry


@contextmanager
def _holding_broken_chains() -> Iterator[None]:
    """Where a chain does not end where its score says, nothing is added until somebody has looked."""
    try:
        yield
    except ledger.ChainBroken as error:
        logger.critical("%s; held until an investigator has looked (manage.py verify_ledger --player UUID)", error)
        raise Unavailable(retry_after=60, reason="chain_broken") from None


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
