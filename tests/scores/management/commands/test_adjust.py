"""manage.py adjust: points for what no entry says, or away from what is there."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_points_are_taken_as_far_as_they_are_there(played: Score) -> None:
    assert call("adjust", played.pk, "-4", *WHY) == "Entry 2: adjust -4, now 6 points.\n"
    assert call("adjust", played.pk, "-9", *WHY) == "Entry 3: adjust -6, now 0 points. 3 more were not there to take.\n"


def test_an_adjustment_of_more_than_an_entry_holds_is_one_act_of_several(played: Score) -> None:
    assert call("adjust", played.pk, 2_500_000, "--reason", "a season elsewhere") == (
        "Entry 4: adjust +500000, now 2500010 points.\n"
    )
    assert list(AuditEntry.objects.filter(kind="adjust").order_by("seq").values_list("seq", "delta")) == [
        (2, 1_000_000), (3, 1_000_000), (4, 500_000),
    ]  # fmt: skip


def test_of_an_act_of_several_that_is_refused_nothing_is_done(played: Score, nothing_written: NothingWritten) -> None:
    for delta in (0, 2 * 10**9):
        with nothing_written(), pytest.raises(CommandError, match="An adjustment is from 1 to "):
            call("adjust", played.pk, delta, *WHY)


def test_points_may_be_for_an_action_of_the_catalogue(played: Score, nothing_written: NothingWritten) -> None:
    assert call("adjust", played.pk, 1_000_001, "--action", "daily-quiz", *WHY) == (
        "Entry 3: adjust +1, now 1000011 points.\n"
    )
    entries = AuditEntry.objects.filter(kind="adjust").order_by("seq")
    assert list(entries.values_list("delta", "action")) == [(1_000_000, "daily-quiz"), (1, "daily-quiz")]
    with nothing_written(), pytest.raises(CommandError, match="The catalogue has no action 'nothing-such'"):
        call("adjust", played.pk, 1, "--action", "nothing-such", *WHY)
