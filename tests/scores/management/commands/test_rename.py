"""manage.py rename: another name on every board, by an entry with both."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_says_what_the_player_is_called_now(played: Score) -> None:
    assert call("rename", played.pk, "Byron", *WHY) == "Entry 2: rename, now 'Byron'.\n"
    played.refresh_from_db()
    assert played.name == "Byron"
    assert AuditEntry.objects.get(player=played.pk, seq=2).kind == "rename"


def test_refuses_in_a_sentence(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written(), pytest.raises(CommandError, match=r"U\+3164"):
        call("rename", played.pk, "\u3164", *WHY)
