"""The catalogue of actions and its only writer. A change and its entry of the system chain are one transaction."""

from typing import NotRequired, TypedDict, Unpack, cast

from django.core.exceptions import ValidationError
from django.db import transaction

from scores.errors import InvalidBody
from scores.models import Action
from scores.storable import is_storable
from scores.system_chain import append_system_entry, refusing_untrusted_data


class ActionTerms(TypedDict):
    """What an action promises, in the order of `Action.TERMS`; what is left out gets the default of its column."""

    slug: str
    label: str
    points: int
    cooldown_seconds: NotRequired[int]
    daily_cap: NotRequired[int]
    receipt_required: NotRequired[bool]
    enabled: NotRequired[bool]
    takes_value: NotRequired[bool]


@transaction.atomic
def set_action(*, actor: str, reason: str = "", **terms: Unpack[ActionTerms]) -> Action:
    """Add an action, or set all terms of one; a change is an entry of the system chain, the same again is none.

    Raises InvalidBody when the terms are not fit, Unavailable when the system chain or the action's seal cannot be trusted.
    """
    action = Action(**terms)
    try:
        if not all(map(is_storable, (action.slug, action.label, reason))):
            raise ValidationError({"label": "Slug, label and reason are text, without U+0000 and in UTF-8."})
        action.full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidBody(
            errors=[{"field": field, "detail": " ".join(messages)} for field, messages in error.message_dict.items()]
        ) from None
    before = Action.objects.select_for_update().filter(pk=action.pk).first()
    with refusing_untrusted_data():
        is_current = before is not None and read_terms(before) == read_terms(action) and before.is_sealed
    if not is_current:
        context = {
            "before": describe_terms(before),
            "after": describe_terms(action),
            **({"reason": reason} if reason else {}),
        }
        entry = append_system_entry(action=action.slug, actor=actor, context=context)
        action.change = entry.seq
        action.save(force_insert=before is None, force_update=before is not None)
    return action


def read_terms(action: Action) -> ActionTerms:
    """Read all terms of an action."""
    return cast("ActionTerms", {name: getattr(action, name) for name in Action.TERMS})


def describe_terms(action: Action | None) -> str:
    """Write an action's terms as the log keeps them; empty for none."""
    return "" if action is None else " ".join(f"{name}={getattr(action, name)!r}" for name in sorted(action.promised))
