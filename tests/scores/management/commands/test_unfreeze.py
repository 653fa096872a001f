"""manage.py unfreeze: back on the board, with the points there were."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_a_frozen_player_is_let_back(played: Score) -> None:
    call("freeze", played.pk, *WHY)
    assert call("unfreeze", played.pk, *WHY) == "Entry 3: unfreeze +0, now 10 points.\n"
    played.refresh_from_db()
    assert played.frozen is False
    assert AuditEntry.objects.get(player=played.pk, seq=3).kind == "unfreeze"


def test_who_is_not_frozen_needs_no_leave(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written(), pytest.raises(CommandError, match=r"This player is not frozen\."):
        call("unfreeze", played.pk, *WHY)
