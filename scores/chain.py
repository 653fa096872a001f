"""Appends an entry to a player's chain and moves score and standings along, or refuses to where the data cannot be trusted.

Every writer of a score comes through here but two: `awards.compare_and_swap`, whose one statement does both, and
`integrity.recovery.rebuild_scores`, which sets scores to what the log says.
"""

from collections.abc import Iterable

from django.db import transaction

from audit import ledger
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores import announcements
from scores.counting import movement
from scores.models import Score
from scores.system_chain import refusing_untrusted_data


def append_entry(score: Score, draft: EntryDraft, *, end: ledger.ChainEnd | None = None) -> AuditEntry:
    """Append to the chain of a locked score, move score and standings along and announce it; `end` as in `ledger.append`.

    Raises Unavailable when the chain cannot be trusted.
    """
    with refusing_untrusted_data():
        entry = ledger.append(draft, player=score.pk, head=score.ledger_head, end=end)
        score.apply(entry)
        score.save(update_fields=Score.APPLIED_FIELDS)
        movement.move_standings(entry, frozen=score.frozen)
    transaction.on_commit(announcements.announce)
    return entry


def append_reversals(score: Score, drafts: Iterable[EntryDraft]) -> list[AuditEntry]:
    """Append voids or restores to the chain of a locked score as `append_entry` does each, in as many queries however many there are.

    Raises Unavailable when the chain cannot be trusted.
    """
    with refusing_untrusted_data():
        entries = ledger.append_all(drafts, player=score.pk, head=score.ledger_head)
        for entry in entries:
            score.apply(entry)
        score.save(update_fields=Score.APPLIED_FIELDS)
        movement.move_reversals(entries, frozen=score.frozen)
    transaction.on_commit(announcements.announce)
    return entries
