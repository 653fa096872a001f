"""Credits the awards that a backend reports in one call, each exactly once; what is refused of them holds up no other."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from audit.models import AwardStatement
from scores.awards import compare_and_swap
from scores.awards.locking import award_by_lock
from scores.awards.rules import Attempt, Award
from scores.awards.service import Contended, Deferred, Outcome, award_together
from scores.errors import (
    OutcomeUnknown,
    ReceiptInvalid,
    Refused,
    StatementInvalid,
    TokenInvalid,
    Unavailable,
    UnknownPlayer,
)
from scores.receipts.verifier import TIME_FAULTS
from scores.system_chain import refusing_untrusted_data

#: So long the awards of players are tried again whom other writers hold; other calls wait meanwhile.
PATIENCE_SECONDS = 1.0
#: What one by one was not begun by then is left for when the call is repeated, so that there is an answer within 5 s.
LOCKED_SECONDS = 3.5
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.001, 0.05
TRIED_AGAIN_AT_ONCE = 64
#: Committed together where one writes at a time: each commit waits for the disk.
LOCKED_AT_ONCE = 100


def award_all(attempts: Sequence[Attempt]) -> list[Award | Refused]:
    """Credit each of these awards, those of one player in the order given; what became of each, in order.

    One that was refused with Unavailable was not written and may be tried again, as may all of them. Raises StatementInvalid
    when nothing of a statement is known and it is not in force now; OutcomeUnknown or an error of the database when that failed
    on the way.
    """
    outcomes = _award_together(attempts) if compare_and_swap.is_possible() else _award_by_locks(attempts)
    if not any(isinstance(outcome, Award) for outcome in outcomes):
        _check_statement(attempts, outcomes)
    return outcomes


def _check_statement(attempts: Sequence[Attempt], outcomes: Sequence[Award | Refused]) -> None:
    for attempt, outcome in zip(attempts, outcomes, strict=True):
        if attempt.statement and isinstance(outcome, ReceiptInvalid) and outcome.reason in TIME_FAULTS:
            raise StatementInvalid(reason=outcome.reason)


def _award_together(attempts: Sequence[Attempt]) -> list[Award | Refused]:
    """All at once, and what others came between again by the handful: the less time between reading and writing, the fewer do."""
    settled: dict[int, Award | Refused] = {}
    left = _try(attempts, range(len(attempts)), settled)
    until, pause = time.monotonic() + PATIENCE_SECONDS, PAUSE_SECONDS
    while left and time.monotonic() < until:
        asked, rest = left[:TRIED_AGAIN_AT_ONCE], left[TRIED_AGAIN_AT_ONCE:]
        again = _try(attempts, asked, settled)
        held = {attempts[number].caller.player for number in again}
        behind = [number for number in rest if attempts[number].caller.player in held]
        left = [number for number in rest if attempts[number].caller.player not in held] + again + behind
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS) if len(again) == len(asked) else PAUSE_SECONDS
        if again:
            time.sleep(pause)
    settled |= {number: Unavailable(reason="held") for number in left}
    return [settled[number] for number in range(len(attempts))]


def _try(attempts: Sequence[Attempt], numbers: Sequence[int], settled: dict[int, Award | Refused]) -> list[int]:
    """Award those of these numbers, and note what became of each; the numbers of those that have to be tried again.

    Raises OutcomeUnknown where this fails after others were written.
    """
    try:
        with _telling_what_was_written(settled.values()):
            outcomes = award_together([attempts[number] for number in numbers])
    except IntegrityError:
        # Another call used one of the ids at the same moment: now that it is committed, it is seen.
        return list(numbers)
    players = [attempts[number].caller.player for number in numbers]
    held = {player for player, outcome in zip(players, outcomes, strict=True) if isinstance(outcome, Contended)}
    again = []
    for number, player, outcome in zip(numbers, players, outcomes, strict=True):
        # A refusal too: it may have been for an award that was not written after all.
        if player in held and not isinstance(outcome, Award):
            again.append(number)
        else:
            settled[number] = _describe(outcome)
    return again


@contextmanager
def _telling_what_was_written(before: Collection[Award | Refused]) -> Iterator[None]:
    """Turn what fails on the way into OutcomeUnknown: `unavailable` would say that nothing was written."""
    try:
        yield
    except (OperationalError, InterfaceError, Unavailable):
        if any(isinstance(outcome, Award) for outcome in before):
            raise OutcomeUnknown(reason="in_part") from None
        raise


def _describe(outcome: Outcome) -> Award | Refused:
    match outcome:
        case Award():
            return outcome
        case TokenInvalid():  # no player, or one whose account is closed
            return UnknownPlayer(reason=outcome.reason)
        case Refused():
            return outcome
        case Deferred(error):
            try:
                with refusing_untrusted_data():
                    raise error
            except Refused as refusal:
                return refusal
        case Contended():
            return Unavailable(reason="held")


def _award_by_locks(attempts: Sequence[Attempt]) -> list[Award | Refused]:
    """One by one, as the embedded database has it, where one writes at a time; others get their turn between two transactions."""
    outcomes: list[Award | Refused] = []
    until = time.monotonic() + LOCKED_SECONDS
    for start in range(0, len(attempts), LOCKED_AT_ONCE):
        chunk = attempts[start : start + LOCKED_AT_ONCE]
        if time.monotonic() > until:
            outcomes += [Unavailable(reason="time")] * len(chunk)
            continue
        with _telling_what_was_written(outcomes), transaction.atomic():
            given = [_award_by_lock(attempt) for attempt in chunk]
            _keep_statements(chunk, given)
        outcomes += given
    return outcomes


def _award_by_lock(attempt: Attempt) -> Award | Refused:
    try:
        with refusing_untrusted_data():
            return award_by_lock(attempt)
    except Refused as refusal:
        return _describe(refusal)


def _keep_statements(attempts: Sequence[Attempt], outcomes: Sequence[Award | Refused]) -> None:
    written = {
        statement.sha256: statement.text
        for attempt, outcome in zip(attempts, outcomes, strict=True)
        if isinstance(outcome, Award) and not outcome.replayed and (statement := attempt.statement)
    }
    kept = [AwardStatement(sha256=sha256, jws=text) for sha256, text in written.items()]
    AwardStatement.objects.bulk_create(kept, ignore_conflicts=True)
