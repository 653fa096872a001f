"""What the commands about boards share: refusals in sentences that leave all as it was, and a filling that can be stopped."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.counting.definitions import change_board
from scores.models import Board, Score, Standing
from tests.support.acting import make_player, read_state
from tests.support.commands import call
from tests.support.definitions import define, read_definitions

FILL = ("make_board", "today", "--rule", "sum", "--span", "day", "--from-log")


def read_standings() -> dict[str, int]:
    rows = Standing.objects.filter(period__board__slug="today")
    return dict(rows.values_list("player__name", "points"))


def test_who_and_why_are_in_the_log(db: None) -> None:
    grace = make_player("Grace")
    call("make_board", "today", "--rule", "sum", "--span", "day", "--reason", "asked for", "--actor", "grace")
    entry = AuditEntry.objects.filter(player=SYSTEM_CHAIN, action="board:today").get()
    assert isinstance(entry.context, dict)
    assert (entry.actor, entry.context["reason"]) == (str(grace.pk), "asked for")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("disable_board", "nothing"), "There is no such board."),
        (("disable_board", "today", "--actor", "nobody"), "There is no active user 'nobody'."),
        (("disable_board", "today", "--reason", "\udcff"), "reason: A reason is text, without U+0000 and in UTF-8."),
        (("disable_board", "main"), "slug: The main board is built in and stays as it is."),
        (
            ("make_board", "To day", "--rule", "sum", "--span", "hour"),
            "slug: Enter a valid value. span: Value 'hour' is not a valid choice.",
        ),
    ],
)
def test_a_refusal_is_a_sentence_and_leaves_all_as_it_was(db: None, words: tuple[str, ...], sentence: str) -> None:
    define()
    before = read_definitions()
    with pytest.raises(CommandError) as caught:
        call(*words)
    assert str(caught.value) == f"Nothing was changed. {sentence}"
    assert read_definitions() == before


def test_an_actor_who_has_no_score_yet_gets_none_by_a_refused_change(db: None, django_user_model: Any) -> None:
    django_user_model.objects.create_user("root")
    with pytest.raises(CommandError):
        call("disable_board", "nothing", "--actor", "root")
    assert not Score.objects.exists()


@contextlib.contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Does this once, before the first standing is written."""
    is_done = False

    def watch(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        nonlocal is_done
        if not is_done and sql.startswith('INSERT INTO "scores_standing"'):
            is_done = True
            act()
        return execute(sql, *arguments)

    with connection.execute_wrapper(watch):
        yield
    assert is_done


def fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (KeyboardInterrupt(), "Stopped after 6 entries. The same command goes on."),
        (
            OperationalError("canceling statement due to lock timeout\n"),
            "Stopped after 6 entries: canceling statement due to lock timeout. The same command goes on.",
        ),
    ],
)
def test_a_filling_that_was_stopped_goes_on_with_the_same_command(
    board: dict[str, Score], fault: BaseException, sentence: str
) -> None:
    with meanwhile(lambda: fail(fault)), pytest.raises(CommandError) as caught:
        call(*FILL)
    assert str(caught.value) == sentence
    assert (Board.objects.get(slug="today").filling, read_standings()) == (True, {})
    before = read_state()
    assert "today is full: 6 entries in " in call(*FILL)
    assert read_standings() == {"Ada": 30, "Ben": 20, "Cleo": 10}
    assert not Board.objects.get(slug="today").filling
    assert read_state() == before


def switch(enabled: bool) -> Board:
    return change_board(slug="today", actor="system", enabled=enabled)


def test_a_board_that_is_switched_off_while_it_is_filled_is_not_taken_for_full(board: dict[str, Score]) -> None:
    with meanwhile(lambda: switch(False)), pytest.raises(CommandError) as caught:
        call(*FILL)
    assert str(caught.value) == "today was switched off meanwhile. manage.py enable_board today fills it again."
    assert (Board.objects.get(slug="today").enabled, Board.objects.get(slug="today").filling) == (False, True)
    call("enable_board", "today")
    assert read_standings() == {"Ada": 30, "Ben": 20, "Cleo": 10}


def test_one_that_was_off_and_on_again_while_it_was_filled_is_filled_again(board: dict[str, Score]) -> None:
    with meanwhile(lambda: [switch(enabled) for enabled in (False, True)]):
        assert "today is full: 12 entries in " in call(*FILL)
    assert read_standings() == {"Ada": 30, "Ben": 20, "Cleo": 10}
