"""The writers of the update path and of the catalogue. A change and its entry are one transaction; the announcement comes after it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q

from audit import ledger
from audit.clock import ClockUs
from audit.keys import LedgerKeyMissing
from audit.models import AuditEntry
from scores import naming
from scores.awards import compare_and_swap
from scores.awards.rules import (
    MICROSECONDS,
    Attempt,
    Award,
    Caller,
    CatalogueChanged,
    Facts,
    check_caller,
    is_replay,
    midnight_us,
    weigh,
)
from scores.board import hub
from scores.chain import append_entry, append_system_entry, holding_what_cannot_be_trusted
from scores.errors import InvalidBody, PlayerHeld, Refused, TokenInvalid
from scores.models import Action, Score
from scores.names import name_key
from scores.naming import NameChanged
from scores.players import ensure_external_player
from scores.receipts.verifier import Receipt
from scores.storable import is_storable

logger = logging.getLogger(__name__)


def award(attempt: Attempt, *, waits: bool = True) -> Award:
    """Credit the caller for an act, exactly once, or raise the `Refused` that the contract's order of checks meets first.

    Raises PlayerHeld where another transaction holds the player and the caller would rather come again than wait for it.
    """
    try:
        return _award(attempt, waits=waits)
    except NameChanged:
        naming.follow_token(attempt.caller)
        return award(replace(attempt, caller=attempt.caller.without_name()), waits=waits)
    except IntegrityError:
        # Another transaction used the same key at the same moment: now that it is committed, it is seen.
        return _award(attempt, waits=waits)


def _award(attempt: Attempt, *, waits: bool) -> Award:
    with holding_what_cannot_be_trusted():
        if compare_and_swap.is_possible():
            [answer] = award_together([attempt])
            if isinstance(answer, Award):
                return answer
            if answer is None and not waits:
                raise PlayerHeld(reason="held")
            if answer is not None and not _is_to_be_made(answer, attempt.caller):
                raise answer
        # Another writer has the player: wait for the lock. Or it is one of elsewhere, who has still to be made.
        return _award_by_lock(attempt)


def _is_to_be_made(error: Exception, caller: Caller) -> bool:
    return isinstance(error, TokenInvalid) and error.reason == "unknown_player" and caller.external_name is not None


def award_together(
    attempts: Sequence[Attempt], *, begin: Callable[[int], bool] = lambda _: True
) -> list[Award | Exception | None]:
    """What `award` does, for many in two round trips. PostgreSQL only, outside of transactions; nothing waits for a lock.

    None is to be asked again: another writer had the player at this moment. An exception is for `award` to meet again and to act
    upon. `begin` is told the place of each that is about to be written, and may still keep it from that: it is None then, too.
    Raises IntegrityError where two players used one key at once; then nothing of all this was written. Raises WriteUnanswered
    where it is not known what of it was.
    """
    if not attempts:
        return []
    answers: list[Award | Exception | None] = []
    names: dict[UUID, str] = {}
    chains: dict[UUID, list[AuditEntry]] = {}
    asked = [compare_and_swap.Asked(attempt.caller.player, attempt.ref, attempt.slug) for attempt in attempts]
    for place, (attempt, found) in enumerate(zip(attempts, compare_and_swap.read_facts(asked), strict=True)):
        chain = chains.setdefault(attempt.caller.player, [])
        try:
            award = _decide(attempt, found, chain)
        except (Refused, CatalogueChanged, NameChanged, ledger.ChainBroken, LedgerKeyMissing) as error:
            answers.append(error)
            continue
        if not award.replayed and not begin(place):
            answers.append(None)
            continue
        answers.append(award)
        if not award.replayed:
            chain.append(award.entry)
            names[attempt.caller.player] = award.name
    if not names:
        return answers
    written = compare_and_swap.write_entries([(name, chains[player]) for player, name in names.items()])
    hub.announce()
    lost = names.keys() - written
    return [None if isinstance(answer, Award) and answer.entry.player in lost else answer for answer in answers]


def _decide(attempt: Attempt, found: compare_and_swap.Found | None, chain: Sequence[AuditEntry]) -> Award:
    """The award that follows from what was read and from the chain yet to be written; raises what refuses it."""
    if found is None:
        raise TokenInvalid(reason="unknown_player")
    facts, act, end = found.facts, attempt.act, found.end
    for entry in chain:
        facts.follow(entry, ref=attempt.ref)
        end = end._replace(last=entry)
    score = facts.score
    check_caller(score, attempt.caller)
    naming.check_name(score, attempt.caller)
    if facts.earlier is not None and is_replay(facts.earlier, score.pk, act):
        return Award(facts.earlier, score.name, replayed=True)
    described = _describe_award(facts, attempt)
    entry = ledger.seal_next(end, player=score.pk, head=score.ledger_head, **described)
    return Award(entry, score.name, replayed=False)


@transaction.atomic
def _award_by_lock(attempt: Attempt) -> Award:
    (score, now_us), act, ref = _lock_caller(attempt.caller), attempt.act, attempt.ref
    earlier = AuditEntry.objects.filter(ref=ref).first() if ref else None
    if earlier is not None and is_replay(earlier, score.pk, act):
        return Award(earlier, score.name, replayed=True)
    action = Action.objects.filter(slug=attempt.slug).first()
    end = ledger.read_end(score.pk, now_us=now_us)
    facts = Facts(score, earlier, action, end.now_us)
    _read_pace(facts)
    entry = append_entry(score, end=end, **_describe_award(facts, attempt))
    return Award(entry, score.name, replayed=False)


def _describe_award(facts: Facts, attempt: Attempt) -> dict[str, Any]:
    """What the entry of an award says, by whichever way it is written; raises the refusal that comes first."""
    receipt = {"receipt": attempt.act.text} if isinstance(attempt.act, Receipt) else {}
    return {
        "kind": AuditEntry.Kind.AWARD,
        "delta": weigh(facts, attempt.act),
        "action": attempt.slug or "",
        "ref": attempt.ref,
        "actor": str(facts.score.pk),
        "context": {**attempt.context, "token": attempt.caller.token_id, **receipt},
    }


def _lock_caller(caller: Caller) -> tuple[Score, int]:
    """The caller's score, locked, and the log's clock by then."""
    score = Score.objects.select_for_update().filter(pk=caller.player).first()
    if score is None and caller.external_name is not None:
        ensure_external_player(caller.player, caller.external_name, caller.named_us)
        return _lock_caller(caller.without_name())
    if score is None:
        raise TokenInvalid(reason="unknown_player")
    # Account and clock are read after the lock was waited for: read with it, they would be of before.
    account: Any = User.objects.annotate(now_us=ClockUs()).get(pk=score.user_id)
    score.user = account
    check_caller(score, caller)
    naming.check_name(score, caller)
    return score, account.now_us


def _read_pace(facts: Facts) -> None:
    """When the action was last done and how often today, from the log under the player's lock."""
    action = facts.action
    if action is None or not (action.cooldown_seconds or action.daily_cap):
        return
    midnight = midnight_us(facts.now_us)
    done = AuditEntry.objects.filter(
        player=facts.score.pk,
        action=action.slug,
        kind=AuditEntry.Kind.AWARD,
        at_us__gte=min(midnight, facts.now_us - action.cooldown_seconds * MICROSECONDS),
    ).aggregate(last=Max("at_us"), today=Count("pk", filter=Q(at_us__gte=midnight)))
    facts.last_us, facts.done_today = done["last"] or 0, done["today"]


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
        for score in scores:
            score.reseal()
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
        if not all(map(is_storable, (action.slug, action.label, reason))):
            raise ValidationError({"label": "Slug, label and reason are text, without U+0000 and in UTF-8."})
        action.full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidBody(
            errors=[{"field": field, "detail": " ".join(messages)} for field, messages in error.message_dict.items()]
        ) from None
    before = Action.objects.select_for_update().filter(pk=action.pk).first()
    with holding_what_cannot_be_trusted():
        is_current = before is not None and before.terms == action.terms and before.is_sealed
    if not is_current:
        context = {"before": plain(before), "after": plain(action), **({"reason": reason} if reason else {})}
        entry = append_system_entry(action=action.slug, actor=actor, context=context)
        action.change = entry.seq
        action.save(force_insert=before is None, force_update=before is not None)
    return action


def plain(action: Action | None) -> str:
    """An action's terms as the log keeps them."""
    return "" if action is None else " ".join(f"{name}={value!r}" for name, value in sorted(action.terms.items()))
