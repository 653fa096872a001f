"""manage.py freeze: off the board, and nothing more is gained."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_a_player_is_taken_off_the_board(played: Score) -> None:
    assert call("freeze", played.pk, *WHY) == "Entry 2: freeze +0, now 10 points.\n"
    played.refresh_from_db()
    assert (played.frozen, played.points) == (True, 10)
    assert AuditEntry.objects.get(player=played.pk, seq=2).kind == "freeze"


def test_who_is_frozen_is_frozen_already(played: Score, nothing_written: NothingWritten) -> None:
    call("freeze", played.pk, *WHY)
    with nothing_written(), pytest.raises(CommandError, match=r"This player is frozen already\."):
        call("freeze", played.pk, *WHY)
