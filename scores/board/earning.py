"""What players can do for points: the catalogue as everybody may read it."""

from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache

from scores.board.documents import MOVING_SECONDS
from scores.models import Action
from scores.receipts.issuers import registry
from scores.system_chain import refusing_untrusted_data


class Way(NamedTuple):
    """An action that can be done: what it is worth, by a receipt at most so much, and how often it counts; 0 is no bound."""

    slug: str
    label: str
    points: int
    is_maximum: bool
    cooldown_seconds: int
    daily_cap: int


def read_ways() -> list[Way]:
    """Read the enabled actions by label: one query a second of each process, however many ask.

    Left out is what nobody can do now: what needs a receipt that no issuer may sign, and what was changed behind the application's
    back. Raises what the database raises, and Unavailable when a seal cannot be told for want of its key.
    """
    return cache.get_or_set("ways", _read, MOVING_SECONDS) or []


def _read() -> list[Way]:
    maxima = registry(settings.RECEIPT_ISSUERS_FILE).read_maxima()
    with refusing_untrusted_data():
        actions = [action for action in Action.objects.filter(enabled=True).order_by("label") if action.is_sealed]
    return [way for action in actions if (way := _describe(action, maxima.get(action.slug, 0)))]


def _describe(action: Action, maximum: int) -> Way | None:
    """None where neither the player's own word counts nor anybody's receipt."""
    needs_receipt = action.receipt_required or action.takes_value or settings.SCORE_REQUIRE_RECEIPTS
    own = 0 if needs_receipt else action.points
    points = max(own, maximum)
    if not points:
        return None
    return Way(action.slug, action.label, points, points > own, action.cooldown_seconds, action.daily_cap)
