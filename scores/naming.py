"""A player's name changes: by an act of an investigator, or because a trusted token says so. Each is an entry of the player's chain."""

import logging

from django.conf import settings
from django.db import IntegrityError, transaction

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores.callers import Caller, PlayerRow, check_caller
from scores.chain import append_entry
from scores.models import Score
from scores.names import repair_name
from scores.players import ensure_external_player, find_free_name
from scores.system_chain import refusing_untrusted_data

logger = logging.getLogger(__name__)


class NameChanged(Exception):
    """The caller's token says another name than the last one that was heeded: `follow_token` comes first."""


def check_name(score: Score | PlayerRow, caller: Caller) -> None:
    """Check that the player's name is what the caller's token says. Raises NameChanged when it is not.

    It is compared with what a token said last, not with the name shown: what an investigator renamed stays so until the token's
    own name changes. A token that is no newer than that one says nothing new; of tokens that do not tell, each does.
    """
    if (
        caller.external_name
        and settings.JWT_NAME_FOLLOWS
        and (caller.named_us > score.claimed_us or caller.named_us == score.claimed_us == 0)
        and repair_name(caller.external_name) not in {score.claimed_name, ""}
    ):
        raise NameChanged


def see_caller(caller: Caller) -> None:
    """Make the player of a token signed elsewhere on first sight, and follow its name.

    A player without an entry would come onto the board by that, and is named at the first award instead.
    Raises TokenInvalid when the account is closed, Unavailable when the chain cannot be trusted.
    """
    if caller.external_name is None:
        return
    score = ensure_external_player(caller.player, caller.external_name, caller.named_us)
    if score.seq:
        try:
            check_name(score, caller)
        except NameChanged:
            follow_token(caller)


def follow_token(caller: Caller) -> None:
    """Call the player what the token says, or as near to it as is free; by an entry, where that is another name than before.

    Raises TokenInvalid when the account is closed, Unavailable when the chain cannot be trusted.
    """
    try:
        with refusing_untrusted_data():
            _follow_token(caller)
    except IntegrityError:
        # Somebody else was quicker to take the name. The next request of the player tries again.
        logger.info("the name of player %s was taken at the same moment", caller.player)


@transaction.atomic
def _follow_token(caller: Caller) -> None:
    # Whom another transaction holds is not waited for: the name is followed with the next request.
    score = Score.objects.select_for_update(skip_locked=True).filter(pk=caller.player).first()
    if score is None:
        return
    check_caller(score, caller)
    try:
        check_name(score, caller)
    except NameChanged:
        if not score.is_sealed:
            logger.critical("player %s keeps the name: whose score it is was changed in the database alone", score.pk)
            return
        claimed = caller.external_name or ""
        score.claimed_name, score.claimed_us = repair_name(claimed), caller.named_us
        name = find_free_name(score.pk, claimed)
        if name == score.name:
            score.reseal()
            score.save(update_fields=Score.NAME_FIELDS)
            return
        apply_name(
            score, name, actor=str(score.pk), context={"reason": "the token's name", "token": caller.token_id or ""}
        )


def apply_name(score: Score, name: str, *, actor: str, context: dict[str, str]) -> AuditEntry:
    """Give a locked score, whose seal holds, another name that is free; the entry's context keeps both names, until an erasure.

    Raises IntegrityError when the name was taken meanwhile, Unavailable when the chain cannot be trusted.
    """
    names = {"name": name, "name_before": score.name}
    draft = EntryDraft(kind=AuditEntry.Kind.RENAME, actor=actor, context={**context, **names})
    entry = append_entry(score, draft)
    score.rename(name, entry)
    score.save(update_fields=Score.NAME_FIELDS)
    return entry
