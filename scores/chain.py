"""What every writer of a score does: append to the player's chain and move the score along, or hold what cannot be trusted."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction

from audit import ledger
from audit.keys import LedgerKeyMissing
from audit.models import AuditEntry
from scores.board import hub
from scores.errors import CatalogueChanged, Unavailable
from scores.models import Score

logger = logging.getLogger(__name__)

#: How an entry of the system chain begins its `action` that says whose identity was accepted, and for what reason.
IDENTITY = "identity:"
CHAIN_BROKEN = (
    "The chain's last entry, or the score that names it, was changed behind the application's back, so nothing can be added to "
    "it. manage.py verify_ledger says what does not hold; for a player's chain so does the player's page."
)


def append_entry(
    score: Score,
    *,
    kind: str,
    delta: int,
    action: str,
    ref: str | None,
    actor: str,
    context: Mapping[str, str],
    end: ledger.ChainEnd | None = None,
) -> AuditEntry:
    """Append to the chain of a locked score and move the score along with it; `end` as in `ledger.append`."""
    with holding_what_cannot_be_trusted():
        entry = ledger.append(
            player=score.pk,
            head=score.ledger_head,
            end=end,
            kind=kind,
            delta=delta,
            action=action,
            ref=ref,
            actor=actor,
            context=context,
        )
    score.apply_and_save(entry)
    transaction.on_commit(hub.announce)
    return entry


def append_system_entry(*, action: str, actor: str, context: Mapping[str, str]) -> AuditEntry:
    """Append to the system chain what belongs to no one player."""
    with holding_what_cannot_be_trusted():
        return ledger.append_system(kind=AuditEntry.Kind.CONFIG, action=action, actor=actor, context=context)


@contextmanager
def holding_what_cannot_be_trusted() -> Iterator[None]:
    """Where a chain does not end where its score says, or an action is not as we wrote it, nothing is added until somebody has looked.

    Nor where a key is missing that would tell.
    """
    try:
        yield
    except LedgerKeyMissing as error:
        logger.critical("%s", error)
        raise Unavailable(retry_after=60, reason="ledger_key_missing", explanation=str(error)) from None
    except ledger.ChainBroken as error:
        logger.critical("%s; held until an investigator has looked (manage.py verify_ledger --player UUID)", error)
        raise Unavailable(retry_after=60, reason="chain_broken", explanation=CHAIN_BROKEN) from None
    except CatalogueChanged as error:
        logger.critical("%s", error)
        raise Unavailable(retry_after=60, reason="catalogue_changed") from None
