"""Credits an act exactly once: many together in two round trips where that is possible, otherwise one under the player's lock.

Other writers of a score are `investigation.corrections` and `naming`. Each entry and the score it moves are one transaction, and
the announcement comes after it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import IntegrityError

from audit import ledger
from audit.keys import LedgerKeyMissing
from audit.models import AuditEntry
from scores import announcements, naming
from scores.awards import compare_and_swap
from scores.awards.locking import award_by_lock
from scores.awards.rules import Attempt, Award, draft_award, is_replay
from scores.callers import Caller, check_caller
from scores.chain import holding_what_cannot_be_trusted
from scores.errors import CatalogueChanged, PlayerHeld, Refused, TokenInvalid
from scores.naming import NameChanged


def award(attempt: Attempt, *, waits: bool = True) -> Award:
    """Credit the caller for an act, exactly once, or raise the `Refused` that comes first in docs/contract.md 2.3.

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
        return award_by_lock(attempt)


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
    asked = [compare_and_swap.FactsQuery(attempt.caller.player, attempt.ref, attempt.slug) for attempt in attempts]
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
    announcements.announce()
    lost = names.keys() - written
    return [None if isinstance(answer, Award) and answer.entry.player in lost else answer for answer in answers]


def _decide(attempt: Attempt, found: compare_and_swap.FactsRow | None, chain: Sequence[AuditEntry]) -> Award:
    """The award that follows from what was read and from the chain yet to be written; raises what refuses it."""
    if found is None:
        raise TokenInvalid(reason="unknown_player")
    facts, act, end = found.facts, attempt.act, found.end
    for entry in chain:
        facts.apply(entry, ref=attempt.ref)
        end = end._replace(last=entry)
    score = facts.score
    check_caller(score, attempt.caller)
    naming.check_name(score, attempt.caller)
    if facts.earlier is not None and is_replay(facts.earlier, score.pk, act):
        return Award(facts.earlier, score.name, replayed=True)
    entry = ledger.seal_next(draft_award(facts, attempt), player=score.pk, head=score.ledger_head, end=end)
    return Award(entry, score.name, replayed=False)
