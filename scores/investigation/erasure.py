"""What ties a person to the rest, beside account and log: flags, their reviews, refusals, Django's own log. It goes with the person."""

from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from audit import chain
from audit.expressions import context_key
from audit.models import AuditEntry
from audit.refusals import remove_refusals
from scores.chain import IDENTITY
from scores.models import Flag, Score

#: In place of a sentence or a note that was about the person.
ERASED = "Erased with the person."


def erase_traces(score: Score) -> list[int]:
    """Remove them, before the contexts of the player's entries go, in the transaction that erases the person.

    The numbers of the entries in the system chain whose contexts went along: reviews of flags, whose reasons are notes, and why
    the player's identity was accepted.
    """
    addresses = _find_own_addresses(score.pk)
    remove_refusals([str(score.pk), *addresses])
    _erase_admin_log(score)
    actions = [_erase_flag(flag, score.pk, addresses) for flag in _find_flags(score.pk, addresses)]
    actions.append(f"{IDENTITY}{score.pk}")
    reviews = AuditEntry.objects.filter(player=chain.SYSTEM_CHAIN, action__in=actions)
    erased = list(reviews.order_by("seq").values_list("seq", flat=True))
    reviews.update(context=None)
    return erased


def _find_own_addresses(player: UUID) -> set[str]:
    """Those that nobody else played from: an address of several says nothing any more once the entries say it of the others alone."""
    entries = AuditEntry.objects.annotate(address=context_key("address"))
    addresses = set(entries.filter(player=player, address__isnull=False).values_list("address", flat=True).distinct())
    return {address for address in addresses if not entries.filter(address=address).exclude(player=player).exists()}


def _find_flags(player: UUID, addresses: set[str]) -> list[Flag]:
    """About the player, about an address of the player's own, or resting on the player's entries beside those of others."""
    flags = Flag.objects.select_for_update().annotate(rests_on=Cast("entries", TextField()))
    return list(
        flags.filter(Q(player=player) | Q(subject__in=[str(player), *addresses]) | Q(rests_on__contains=str(player)))
    )


def _erase_flag(flag: Flag, player: UUID, addresses: set[str]) -> str:
    """Leaves rule, state and who reviewed it; the action of its review."""
    if flag.player == player or flag.subject in {str(player), *addresses}:
        flag.why = ERASED
    else:
        flag.entries = [entry for entry in flag.entries if entry[0] != str(player)]
    if flag.subject in addresses:
        flag.subject, flag.entries = f"erased-{flag.pk}", []
    flag.note = flag.note and ERASED
    flag.save(update_fields=["subject", "why", "entries", "note"])
    return flag.review_action


def _erase_admin_log(score: Score) -> None:
    kinds = ContentType.objects.get_for_models(User, Score).values()
    own_rows = LogEntry.objects.filter(content_type__in=kinds, object_id__in=[str(score.user_id), str(score.pk)])
    own_rows.update(object_repr=score.name, change_message="")
