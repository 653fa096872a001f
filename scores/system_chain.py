"""Appends to the system chain what is no entry of a player's own, and refuses to where the data cannot be trusted."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from audit import ledger
from audit.keys import LedgerKeyMissing
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores.errors import CatalogueChanged, Unavailable

logger = logging.getLogger(__name__)

#: Prefix of `action` where an identity was accepted; the player's UUID follows.
IDENTITY = "identity:"
#: `action` of a file that was imported; no slug has a colon.
IMPORT = "import:"
CHAIN_BROKEN = (
    "The chain's last entry, or the score that names it, was changed behind the application's back, so nothing can be added to "
    "it. manage.py verify_ledger says what does not hold; for a player's chain so does the player's page."
)


def append_system_entry(*, action: str, actor: str, context: Mapping[str, str], ref: str | None = None) -> AuditEntry:
    """Append to the system chain what is no entry of a player's own chain; `ref` is what may happen only once.

    Raises Unavailable when that chain cannot be trusted.
    """
    draft = EntryDraft(kind=AuditEntry.Kind.CONFIG, action=action, ref=ref, actor=actor, context=context)
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
