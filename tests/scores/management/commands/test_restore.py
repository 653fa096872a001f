"""manage.py restore: what a void took is given back, named by the void or by the entry it reversed."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


@pytest.mark.parametrize("seq", [1, 2])
def test_what_a_void_took_is_given_back(seq: int, played: Score) -> None:
    call("void", played.pk, 1, *WHY)
    assert call("restore", played.pk, seq, *WHY) == "Entry 3: restore +10, now 10 points.\n"
    assert AuditEntry.objects.get(player=played.pk, seq=3).kind == "restore"


def test_what_was_not_voided_is_not_restored(played: Score, nothing_written: NothingWritten) -> None:
    with (
        nothing_written(),
        pytest.raises(CommandError, match=r"Entry 1 of this player is no void, and was not voided\."),
    ):
        call("restore", played.pk, 1, *WHY)
