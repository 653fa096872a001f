"""Credits an act exactly once: many together in two round trips where that is possible, otherwise one under the player's lock.

Other writers of a score are `investigation.corrections` and `naming`, and `integrity.recovery.rebuild_scores`, which sets scores
to what the log says. Each entry and the score it moves are one transaction, and the announcement comes after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import IntegrityError

from audit import ledger
from audit.chain import StoredEntry
from audit.keys import LedgerKeyMissing
from scores import announcements, naming
from scores.awards import compare_and_swap
from scores.awards.locking import award_by_lock
from scores.awards.placement import place
from scores.awards.rules import Attempt, Award, PlannedChain, draft_award, is_replay
from scores.callers import Caller, check_caller
from scores.errors import CatalogueChanged, PlayerHeld, Refused, TokenInvalid
from scores.naming import NameChanged
from scores.system_chain import refusing_untrusted_data


@dataclass(frozen=True, slots=True)
class Contended:
    """Nothing was written: another writer had the player, or `begin` said no. Ask again."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Nothing was decided: `award` deals with the error. It follows the token's name, or logs what cannot be trusted."""

    error: NameChanged | CatalogueChanged | ledger.ChainBroken | LedgerKeyMissing


Outcome = Award | Refused | Contended | Deferred


def award(attempt: Attempt, *, waits: bool = True) -> Award:
    """Credit the caller for an act, exactly once.

    Raises the `Refused` that comes first in docs/contract.md 2.3; PlayerHeld when another transaction holds the player
    and `waits` is False; Unavailable when chain, catalogue or ledger key cannot be trusted.
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
    with refusing_untrusted_data():
        if compare_and_swap.is_possible():
            [outcome] = award_together([attempt])
            match outcome:
                case Award():
                    return outcome
                case Deferred(error):
                    raise error
                case Refused() if not _is_to_be_made(outcome, attempt.caller):
                    raise outcome
                case Contended() if not waits:
                    raise PlayerHeld(reason="held")
        # Either another writer has the lock, so wait; or the player of an external token does not exist yet.
        return award_by_lock(attempt)


def _is_to_be_made(refusal: Refused, caller: Caller) -> bool:
    return isinstance(refusal, TokenInvalid) and refusal.reason == "unknown_player" and caller.external_name is not None


def award_together(attempts: Sequence[Attempt], *, begin: Callable[[int], bool] = lambda _: True) -> list[Outcome]:
    """Credit many in two round trips; one outcome for each, in order. PostgreSQL only, outside of transactions; nothing waits for a lock.

    `begin` is told the place of each that is about to be written, and keeps it from that by answering False.
    Raises IntegrityError when two players used one key at once, or Unavailable when boards, periods or the system chain cannot be
    trusted, and then nothing of all this was written; WriteUnanswered when it is not known what of it was.
    """
    if not attempts:
        return []
    outcomes: list[Outcome] = []
    names: dict[UUID, str] = {}
    statements: dict[str, str] = {}
    chains: dict[UUID, PlannedChain] = {}
    queries = [compare_and_swap.FactsQuery(attempt.caller.player, attempt.ref, attempt.slug) for attempt in attempts]
    version: int | None = None
    for number, (attempt, row) in enumerate(zip(attempts, compare_and_swap.read_facts(queries), strict=True)):
        player = attempt.caller.player
        chain = chains.setdefault(player, PlannedChain())
        outcome: Outcome = _settle(attempt, row, chain)
        if isinstance(outcome, Award) and not outcome.replayed:
            if row is not None and begin(number):
                chain.append(outcome.entry)
                names[player], version = outcome.name, row.boards_version
                if (statement := attempt.statement) is not None:
                    statements[statement.sha256] = statement.text
            else:
                outcome = Contended()
        outcomes.append(outcome)
    if not names:
        return outcomes
    written = _write([(name, chains[player].entries) for player, name in names.items()], version, statements)
    lost = names.keys() - written
    return [
        Contended() if isinstance(outcome, Award) and outcome.entry.player in lost else outcome for outcome in outcomes
    ]


def _write(
    chains: Sequence[tuple[str, Sequence[StoredEntry]]], version: int | None, statements: Mapping[str, str]
) -> set[UUID]:
    """Write each player's entries and what follows from them; the players of whom that was done."""
    with refusing_untrusted_data():
        placement = place((entry for _, chain in chains for entry in chain), version)
    written = compare_and_swap.write_entries(chains, placement, statements)
    announcements.announce()
    return written


def _settle(attempt: Attempt, row: compare_and_swap.FactsRow | None, chain: PlannedChain) -> Award | Refused | Deferred:
    try:
        return _decide(attempt, row, chain)
    except Refused as refusal:
        return refusal
    except (CatalogueChanged, NameChanged, ledger.ChainBroken, LedgerKeyMissing) as error:
        return Deferred(error)


def _decide(attempt: Attempt, row: compare_and_swap.FactsRow | None, chain: PlannedChain) -> Award:
    """The award that follows from what was read and from `chain`, the player's entries that are yet to be written.

    Raises the Refused that comes first, or an error of `Deferred`.
    """
    if row is None:
        raise TokenInvalid(reason="unknown_player")
    facts, act, end = row.facts, attempt.act, row.end
    if chain.entries:
        facts.apply(chain, ref=attempt.ref)
        end = end._replace(last=chain.entries[-1])
    score = facts.score
    check_caller(score, attempt.caller)
    naming.check_name(score, attempt.caller)
    if facts.earlier is not None and is_replay(facts.earlier, score.pk, act):
        return Award(facts.earlier, score.name, replayed=True)
    entry = ledger.seal_next(draft_award(facts, attempt), player=score.pk, head=score.ledger_head, end=end)
    return Award(entry, score.name, replayed=False)
