"""manage.py erase_player: the person goes, the points and the proof stay."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--reason", "checked by hand")


def test_the_person_goes_and_the_command_says_what_is_left_to_do(played: Score) -> None:
    assert call("erase_player", played.pk, *WHY) == (
        "Erased, by entry 1 of the system chain. VACUUM frees the space; backups keep what they hold.\n"
    )
    entry = AuditEntry.objects.get(action=f"erase:{played.pk}")
    assert (entry.seq, entry.kind, entry.actor) == (1, "config", "system")
    played.refresh_from_db()
    assert (played.name, played.points) == (f"Erased {played.pk.hex[:12]}", 10)


def test_who_is_not_there_is_not_erased(played: Score, nothing_written: NothingWritten) -> None:
    stranger = "00000000-0000-4000-8000-000000000001"
    with nothing_written(), pytest.raises(CommandError, match=f"There is no player {stranger}."):
        call("erase_player", stranger, *WHY)
