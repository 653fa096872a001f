"""An award under the player's row lock: wherever two round trips without waiting are not possible, or not enough."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Q

from audit import ledger
from audit.clock import ClockUs
from audit.models import AuditEntry
from audit.times import SECOND_US
from scores import naming
from scores.awards.rules import Attempt, Award, Facts, draft_award, is_replay, midnight_us
from scores.callers import Caller, check_caller
from scores.chain import append_entry
from scores.errors import TokenInvalid
from scores.models import Action, Score
from scores.players import ensure_external_player


@transaction.atomic
def award_by_lock(attempt: Attempt) -> Award:
    """Award one act, waiting for the player's lock; the player of a token signed elsewhere is made on first sight.

    Raises the Refused that comes first; NameChanged when the token's name has to be followed before; IntegrityError when
    another transaction used the same key at the same moment.
    """
    (score, now_us), act, ref = _lock_caller(attempt.caller), attempt.act, attempt.ref
    earlier = AuditEntry.objects.filter(ref=ref).first() if ref else None
    if earlier is not None and is_replay(earlier, score.pk, act):
        return Award(earlier, score.name, replayed=True)
    action = Action.objects.filter(slug=attempt.slug).first()
    end = ledger.read_end(score.pk, now_us=now_us)
    facts = Facts(score, earlier, action, end.now_us)
    _read_pace(facts)
    entry = append_entry(score, draft_award(facts, attempt), end=end)
    return Award(entry, score.name, replayed=False)


def _lock_caller(caller: Caller) -> tuple[Score, int]:
    """The caller's score, locked, and the log's clock by then."""
    score = Score.objects.select_for_update().filter(pk=caller.player).first()
    if score is None and caller.external_name is not None:
        ensure_external_player(caller.player, caller.external_name, caller.named_us)
        return _lock_caller(caller.without_name())
    if score is None:
        raise TokenInvalid(reason="unknown_player")
    # Account and clock are read after the lock was waited for: read with it, they would be of before.
    account = User.objects.annotate(now_us=ClockUs()).get(pk=score.user_id)
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
        at_us__gte=min(midnight, facts.now_us - action.cooldown_seconds * SECOND_US),
    ).aggregate(last=Max("at_us"), today=Count("pk", filter=Q(at_us__gte=midnight)))
    facts.last_us, facts.done_today = done["last"] or 0, done["today"]
