"""What the investigators' commands share: they act in somebody's name, for a reason, and say in a sentence why not."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.acting import make_player
from tests.support.commands import call

NothingWritten = Callable[[], AbstractContextManager[None]]


def test_each_command_makes_its_entry_in_the_name_of_the_system(played: Score) -> None:
    why = ("--reason", "checked by hand")
    for command, *words in (("void", 1), ("restore", 2), ("adjust", -4), ("freeze",), ("unfreeze",)):
        call(command, played.pk, *words, *why)
    entries = AuditEntry.objects.filter(player=played.pk, seq__gt=1).order_by("seq")
    kinds = [("void", -10, 0), ("restore", 10, 10), ("adjust", -4, 6), ("freeze", 0, 6), ("unfreeze", 0, 6)]
    assert list(entries.values_list("kind", "delta", "balance")) == kinds
    assert set(entries.values_list("actor", flat=True)) == {"system"}


def test_an_actor_is_named_by_username(played: Score) -> None:
    grace = make_player("Grace")
    call("freeze", played.pk, "--reason", "under review", "--actor", "grace")
    assert AuditEntry.objects.get(kind="freeze").actor == str(grace.pk)


def test_a_refusal_is_a_sentence(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written():
        with pytest.raises(CommandError, match="no active user 'nobody'"):
            call("freeze", played.pk, "--reason", "under review", "--actor", "nobody")
        with pytest.raises(CommandError, match="own score"):
            call("adjust", played.pk, 5, "--reason", "I deserve it", "--actor", "ada")
        with pytest.raises(CommandError, match="--reason"):
            call("freeze", played.pk)
