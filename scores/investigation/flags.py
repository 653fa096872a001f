"""The only writer of flags: opened for a suspicion, closed by a person whose review is in the log, emptied of who is erased."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from scores.errors import CorrectionRefused
from scores.investigation.detection import Suspicion
from scores.investigation.reasons import check_reason
from scores.models import Flag
from scores.system_chain import append_system_entry

#: In place of a sentence or a note that was about an erased person.
ERASED = "Erased with the person."


def open_flags(suspicions: Iterable[Suspicion]) -> list[Flag]:
    """Open a flag for each suspicion, but where one of the same rule and subject is open; return the new ones."""
    known = set(Flag.objects.filter(state=Flag.State.OPEN).values_list("rule", "subject"))
    flags = [
        Flag(
            rule=suspicion.rule,
            subject=suspicion.subject,
            player=suspicion.player,
            why=suspicion.why,
            entries=[list(entry) for entry in suspicion.entries],
            acts=[[str(run.player), run.first, run.last] for run in suspicion.acts],
            opened_at=datetime.now(UTC),
        )
        for suspicion in suspicions
        if (suspicion.rule, suspicion.subject) not in known
    ]
    # Another round at the same moment may have been quicker.
    Flag.objects.bulk_create(flags, ignore_conflicts=True, batch_size=200)
    return flags


def confirm(*, flag: int, actor: str, note: str = "") -> Flag:
    """Close a flag: it is as it says. Voids and freezes are acts of their own.

    Raises CorrectionRefused when the flag was reviewed before, when the reviewer has a part in it, or the note cannot be kept.
    """
    return _review(flag, Flag.State.CONFIRMED, actor, check_reason(note) if note.strip() else "")


def dismiss(*, flag: int, actor: str, note: str) -> Flag:
    """Close a flag: it has an innocent reason, which the note says. Only newer entries open such a flag again.

    Raises CorrectionRefused as `confirm`, and when there is no note.
    """
    return _review(flag, Flag.State.DISMISSED, actor, check_reason(note))


def name_subjects(flag: Flag) -> set[str]:
    """Name whom or what a flag is about: UUIDs of players, and its address or issuer."""
    return {flag.subject, *(player for player, *_ in (*flag.entries, *flag.acts))}


@transaction.atomic
def erase_from_flags(player: UUID, addresses: set[str]) -> list[str]:
    """Take a person, and the addresses that are the person's own, out of all flags; return the actions of their reviews."""
    return [_erase(flag, player, addresses) for flag in _find_flags(player, addresses)]


@transaction.atomic
def _review(pk: int, state: Flag.State, actor: str, note: str) -> Flag:
    flag = Flag.objects.select_for_update().filter(pk=pk).first()
    if flag is None:
        raise CorrectionRefused(f"There is no flag {pk}.")
    if flag.state != Flag.State.OPEN:
        raise CorrectionRefused(f"Flag {pk} was reviewed before.")
    if not _is_uuid(actor):
        raise CorrectionRefused("A review names the person who made it.")
    if actor in name_subjects(flag):
        raise CorrectionRefused("Nobody reviews a flag on their own score.")
    flag.state, flag.note, flag.reviewed_by, flag.reviewed_at = state, note, actor, datetime.now(UTC)
    flag.save(update_fields=["state", "note", "reviewed_by", "reviewed_at"])
    # Without the subject, which may be an address: what is in the system chain is there for good.
    context = {"review": str(state), "rule": flag.rule, "reason": note}
    append_system_entry(action=flag.review_action, actor=actor, context=context)
    return flag


def _find_flags(player: UUID, addresses: set[str]) -> list[Flag]:
    """About the player, about an address of the player's own, or resting on the player's entries beside those of others."""
    flags = Flag.objects.select_for_update().alias(
        **{f"{name}_text": Cast(name, TextField()) for name in ("entries", "acts")}
    )
    rests_on = Q(entries_text__contains=str(player)) | Q(acts_text__contains=str(player))
    return list(flags.filter(Q(player=player) | Q(subject__in=[str(player), *addresses]) | rests_on))


def _erase(flag: Flag, player: UUID, addresses: set[str]) -> str:
    """Empty a flag but for rule, state and reviewer; return the action of its review."""
    if flag.player == player or flag.subject in {str(player), *addresses}:
        flag.why = ERASED
    else:
        flag.entries, flag.acts = (
            [entry for entry in entries if entry[0] != str(player)] for entries in (flag.entries, flag.acts)
        )
    if flag.subject in addresses:
        flag.subject, flag.entries, flag.acts = f"erased-{flag.pk}", [], []
    flag.note = flag.note and ERASED
    flag.save(update_fields=["subject", "why", "entries", "acts", "note"])
    return flag.review_action


def _is_uuid(actor: str) -> bool:
    try:
        return str(UUID(actor)) == actor
    except ValueError:
        return False
