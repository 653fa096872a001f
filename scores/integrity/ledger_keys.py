"""Whether this machine has the keys that the log goes on from: a restored backup may meet those of another machine."""

from audit import chain
from audit.keys import Keyring, LedgerKeyMissing
from audit.models import AuditEntry
from scores.models import Action

#: The keys of this many newest entries must be present: recent players append after one of them.
NEWEST = 1000


def find_key_fault(keyring: Keyring) -> str | None:
    """That a key is missing which updates would need, as a sentence; None where none is."""
    kid = find_missing_ledger_key(keyring)
    return None if kid is None else str(LedgerKeyMissing(kid))


def find_missing_ledger_key(keyring: Keyring) -> str | None:
    """The kid of a key that updates would need and this machine lacks; None where none is."""
    entries = AuditEntry.objects.values_list("kid", flat=True)
    system = entries.filter(player=chain.SYSTEM_CHAIN).order_by("-seq")[:1]
    needed = {*entries.order_by("-pk")[:NEWEST], *system}
    needed |= {seal.rpartition(":")[0] for seal in Action.objects.values_list("seal", flat=True)} - {""}
    return min(needed - keyring.keys.keys(), default=None)
