"""manage.py void: the points of one entry are taken back, once."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_the_points_of_an_entry_are_taken_back(played: Score) -> None:
    assert call("void", played.pk, 1, *WHY) == "Entry 2: void -10, now 0 points.\n"
    entry = AuditEntry.objects.get(player=played.pk, seq=2)
    assert (entry.kind, entry.delta, entry.actor, entry.ref) == ("void", -10, "system", f"v:{played.pk}:1")
    assert (entry.context or {})["reason"] == "checked by hand"


def test_it_is_done_once_and_to_what_gave_points_alone(played: Score, nothing_written: NothingWritten) -> None:
    call("void", played.pk, 1, *WHY)
    for seq, fault in ((1, "Entry 1 of this player was reversed before."), (2, "is no award, adjustment or import.")):
        with nothing_written(), pytest.raises(CommandError, match=fault):
            call("void", played.pk, seq, *WHY)
