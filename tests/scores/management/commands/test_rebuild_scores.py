"""manage.py rebuild_scores: says what differs from the log, and puts it right only when told to and told why."""

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call


def test_it_looks_and_ends_with_one_where_something_differs(players: list[Score]) -> None:
    assert call("rebuild_scores") == "0 scores differ from the log, 0 were rebuilt.\n"
    ada = players[0]
    Score.objects.filter(pk=ada.pk).update(points=7)
    with pytest.raises(SystemExit) as end:
        call("rebuild_scores", "--check")
    assert end.value.code == 1
    assert Score.objects.get(pk=ada.pk).points == 7


def test_what_is_put_right_is_said_and_is_an_entry(players: list[Score]) -> None:
    ada = players[0]
    Score.objects.filter(pk=ada.pk).update(points=7)
    assert call("rebuild_scores", "--apply", "--reason", "a bad day") == (
        f"{ada.pk}: points is 7, the log says {ada.points}\n1 scores differ from the log, 1 were rebuilt.\n"
    )
    assert Score.objects.get(pk=ada.pk).points == ada.points
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, (entry.context or {})["reason"]) == ("rebuild:", "a bad day")


def test_an_identity_is_accepted_for_a_reason(players: list[Score]) -> None:
    ada = players[0]
    with pytest.raises(CommandError, match="reason"):
        call("rebuild_scores", "--accept-identity", ada.pk)
    assert call("rebuild_scores", "--accept-identity", ada.pk, "--reason", "she is who she says") == (
        "Account and name of 1 players are sealed as they stand.\n"
    )
    assert AuditEntry.objects.latest("pk").action == f"identity:{ada.pk}"
