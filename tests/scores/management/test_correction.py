"""The investigators' commands make the same corrections as the services, and say in a sentence why one is refused."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEntry
from scores.models import Action, Score
from tests.support.acting import make_player, update

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def played(player: Score, token: str, daily_quiz: Action) -> Score:
    assert update({"action": "daily-quiz"}, token=token, key="first").status_code == 200
    return player


def run(*words: object) -> str:
    output = io.StringIO()
    call_command(*map(str, words), stdout=output)
    return output.getvalue()


def test_each_command_makes_its_entry(played: Score) -> None:
    why = ("--reason", "checked by hand")
    assert run("void", played.pk, 1, *why) == "Entry 2: void -10, now 0 points.\n"
    assert run("restore", played.pk, 2, *why) == "Entry 3: restore +10, now 10 points.\n"
    assert run("adjust", played.pk, "-4", *why) == "Entry 4: adjust -4, now 6 points.\n"
    assert run("freeze", played.pk, *why) == "Entry 5: freeze +0, now 6 points.\n"
    assert run("unfreeze", played.pk, *why) == "Entry 6: unfreeze +0, now 6 points.\n"
    assert set(AuditEntry.objects.filter(seq__gt=1).values_list("actor", flat=True)) == {"system"}


def test_an_adjustment_of_more_than_an_entry_holds_is_one_act_of_several(played: Score) -> None:
    assert run("adjust", played.pk, 2_500_000, "--reason", "a season elsewhere") == (
        "Entry 4: adjust +500000, now 2500010 points.\n"
    )
    assert list(AuditEntry.objects.filter(kind="adjust").order_by("seq").values_list("seq", "delta")) == [
        (2, 1_000_000), (3, 1_000_000), (4, 500_000),
    ]  # fmt: skip


def test_an_actor_is_named_by_username(played: Score) -> None:
    grace = make_player("Grace")
    run("freeze", played.pk, "--reason", "under review", "--actor", "grace")
    assert AuditEntry.objects.get(kind="freeze").actor == str(grace.pk)


def test_a_refusal_is_a_sentence(played: Score, nothing_written: NothingWritten) -> None:
    with nothing_written():
        with pytest.raises(CommandError, match="no active user 'nobody'"):
            run("freeze", played.pk, "--reason", "under review", "--actor", "nobody")
        with pytest.raises(CommandError, match="own score"):
            run("adjust", played.pk, 5, "--reason", "I deserve it", "--actor", "ada")
        with pytest.raises(CommandError, match="--reason"):
            run("freeze", played.pk)
