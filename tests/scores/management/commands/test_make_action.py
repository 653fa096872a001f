"""manage.py make_action: what an operator puts into the catalogue before players earn anything."""

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Action
from tests.support.acting import read_state
from tests.support.commands import call

FIELDS = ("slug", "label", "points", "cooldown_seconds", "daily_cap", "receipt_required", "enabled")


def test_an_action_gets_the_fields_named_and_the_defaults_of_the_others(db: None) -> None:
    bounds = ("--cooldown", "60", "--daily-cap", "3", "--receipt-required", "--label", "Quiz")
    assert call("make_action", "daily-quiz", "--points", "10", *bounds) == "daily-quiz: 10 points.\n"
    fields = {"slug": "daily-quiz", "points": 10, "cooldown_seconds": 60, "daily_cap": 3, "receipt_required": True}
    assert list(Action.objects.values(*FIELDS)) == [{**fields, "label": "Quiz", "enabled": True}]

    assert call("make_action", "daily-quiz", "--points", "20", "--disabled") == "daily-quiz: 20 points, disabled.\n"
    fields = {"slug": "daily-quiz", "points": 20, "cooldown_seconds": 0, "daily_cap": 0, "receipt_required": False}
    assert list(Action.objects.values(*FIELDS)) == [{**fields, "label": "Daily quiz", "enabled": False}]
    entries = AuditEntry.objects.order_by("seq").values_list("seq", "kind", "action", "actor")
    assert list(entries) == [(1, "config", "daily-quiz", "system"), (2, "config", "daily-quiz", "system")]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["daily quiz", "--points", "10"], "slug: "),
        (["daily-quiz", "--points", "0"], "points: "),
        (["daily-quiz", "--points", "1000001"], "points: "),
        (["daily-quiz", "--points", "10", "--cooldown=-1"], "cooldown_seconds: "),
        (["daily-quiz", "--points", "10", "--daily-cap", str(2**70)], "daily_cap: "),
        (["daily-quiz", "--points", "10", "--label", ""], "label: "),
    ],
)
def test_a_bad_action_is_refused_by_field_and_the_catalogue_stays(db: None, arguments: list[str], fault: str) -> None:
    before = (read_state(), list(Action.objects.values(*FIELDS)))
    with pytest.raises(CommandError, match=f"^The catalogue stays as it was. {fault}"):
        call("make_action", *arguments)
    assert (read_state(), list(Action.objects.values(*FIELDS))) == before


def test_an_action_takes_a_value_only_where_that_is_said(db: None) -> None:
    call("make_action", "lap", "--points", "1", "--takes-value")
    assert list(Action.objects.values_list("slug", "takes_value")) == [("lap", True)]
    assert Action.objects.get().is_sealed
    call("make_action", "lap", "--points", "1")
    assert list(Action.objects.values_list("slug", "takes_value")) == [("lap", False)]
    assert Action.objects.get().is_sealed
    contexts = [entry.context or {} for entry in AuditEntry.objects.order_by("seq")]
    assert ["takes_value=True" in context["after"] for context in contexts] == [True, False]
