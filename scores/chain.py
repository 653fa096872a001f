"""Appends an entry to a chain and moves the score along, or refuses to where the data cannot be trusted.

Every writer of a score comes through here but two: `awards.compare_and_swap`, whose one statement does both, and
`integrity.recovery.rebuild_scores`, which sets scores to what the log says.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction

from audit import ledger
from audit.keys import LedgerKeyMissing
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores import announcements
from scores.errors import CatalogueChanged, Unavailable
from scores.models import Score

logger = logging.getLogger(__name__)

#: Prefix of `action` where an identity was accepted; the player's UUID follows.
IDENTITY = "identity:"
CHAIN_BROKEN = (
    "The chain's last entry, or the score that names it, was changed behind the application's back, so nothing can be added to "
    "it. manage.py verify_ledger says what does not hold; for a player's chain so does the player's page."
)


def append_entry(score: Score, draft: EntryDraft, *, end: ledger.ChainEnd | None = None) -> AuditEntry:
    """Append to the chain of a locked score, move the score along and announce it; `end` as in `ledger.append`.

    Raises Unavailable when the chain cannot be trusted.
    """
    with refusing_untrusted_data():
        entry = ledger.append(draft, player=score.pk, head=score.ledger_head, end=end)
    score.apply_and_save(entry)
    transaction.on_commit(announcements.announce)
    return entry


def append_system_entry(*, action: str, actor: str, context: Mapping[str, str]) -> AuditEntry:
    """Append to the system chain what is no entry of a player's own chain. Raises Unavailable when that chain cannot be trusted."""
    draft = EntryDraft(kind=AuditEntry.Kind.CONFIG, action=action, actor=actor, context=context)
    with refusing_untrusted_data():
        return ledger.append_system(draft)


@contextmanager
def refusing_untrusted_data() -> Iterator[None]:
    """Turn a broken chain, a changed action or a missing ledger key into Unavailable, and log it."""
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
