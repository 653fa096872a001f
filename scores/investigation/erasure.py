"""What else names a person, beside account and log, and goes with the person: flags, their reviews, refusals, Django's own log."""

from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from audit import chain
from audit.expressions import context_key
from audit.models import AuditEntry
from audit.refusals import remove_refusals
from scores.investigation import flags
from scores.models import Score
from scores.system_chain import IDENTITY


def erase_traces(score: Score) -> list[int]:
    """Remove all that, before the contexts of the player's entries go, in the transaction that erases the person.

    Returns the numbers of the entries of the system chain whose contexts went along: reviews of flags, whose reasons are notes,
    and why the player's identity was accepted.
    """
    addresses = _find_own_addresses(score.pk)
    remove_refusals([str(score.pk), *addresses])
    _erase_admin_log(score)
    actions = [*flags.erase_from_flags(score.pk, addresses), f"{IDENTITY}{score.pk}"]
    reviews = AuditEntry.objects.filter(player=chain.SYSTEM_CHAIN, action__in=actions)
    erased = list(reviews.order_by("seq").values_list("seq", flat=True))
    reviews.update(context=None)
    return erased


def _find_own_addresses(player: UUID) -> set[str]:
    """Find the addresses that nobody else played from. One that others share stays: without the player's entries it is theirs alone."""
    entries = AuditEntry.objects.annotate(address=context_key("address"))
    addresses = set(entries.filter(player=player, address__isnull=False).values_list("address", flat=True).distinct())
    return {address for address in addresses if not entries.filter(address=address).exclude(player=player).exists()}


def _erase_admin_log(score: Score) -> None:
    kinds = ContentType.objects.get_for_models(User, Score).values()
    own_rows = LogEntry.objects.filter(content_type__in=kinds, object_id__in=[str(score.user_id), str(score.pk)])
    own_rows.update(object_repr=score.name, change_message="")
