"""The catalogue of actions against its seals and the system chain."""

from collections.abc import Iterator
from typing import Protocol

from audit.keys import LedgerKeyMissing
from audit.queries import CHUNK, system_records
from audit.verification import Finding
from scores.catalogue import describe_terms
from scores.models import Action


class Sealed(Protocol):
    """A row that carries a seal."""

    @property
    def seal(self) -> str: ...
    @property
    def is_sealed(self) -> bool: ...


def check_catalogue() -> Iterator[Finding]:
    """Check each action against its seal and against the newest change of it in the system chain."""
    actions = {action.slug: action for action in Action.objects.order_by("slug")}
    changes = system_records().exclude(action__contains=":")
    newest = {entry.action: entry for entry in changes.iterator(CHUNK)}
    for slug in sorted(actions.keys() | newest.keys()):
        action, entry = actions.get(slug), newest.get(slug)
        if action is None:
            yield Finding("catalogue", f"action {slug!r} was removed, which no entry says")
        elif entry is None:
            yield Finding("catalogue", f"action {slug!r} was added, which no entry says")
        elif fault := find_fault_of_seal(f"action {slug!r}", action):
            yield Finding("catalogue", fault)
        elif action.change != entry.seq or (entry.context or {}).get("after") != describe_terms(action):
            yield Finding("catalogue", f"action {slug!r} is not what entry {entry.seq} of the system chain made it")


def find_fault_of_seal(subject: str, row: Sealed) -> str:
    """Say what is wrong with the seal of a row; empty where it holds."""
    try:
        return "" if row.is_sealed else f"{subject} was changed behind the application's back"
    except LedgerKeyMissing:
        return f"{subject} is sealed with a key that is not in the keyring: {row.seal.partition(':')[0]!r}"
