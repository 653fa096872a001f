"""Forms of the acts: which entries they take of what is written down."""

import pytest
from django.http import QueryDict

from audit.models import AuditEntry
from scores.admin import forms
from scores.admin.forms import EntriesForm, RestoredEntriesForm, SelectionForm
from scores.investigation import corrections
from scores.models import Score


def ask(**query: str) -> QueryDict:
    asked = QueryDict(mutable=True)
    asked.update(query)
    return asked


@pytest.mark.parametrize(
    ("entries", "numbers"),
    [("2", [2]), ("3,1-2,2", [1, 2, 3]), ("9", [9]), ("2-", [3]), ("1-2,2-", [1, 2, 3])],
)
def test_a_range_without_an_end_takes_what_can_be_voided(
    board: dict[str, Score], entries: str, numbers: list[int]
) -> None:
    ada = board["Ada"].pk
    corrections.void(player=ada, seq=2, reason="seen", actor="system")
    form = EntriesForm(ask(entries=entries))
    assert form.is_valid()
    assert [step.arguments["seq"] for step in form.steps(ada)] == numbers


def test_a_restore_of_everything_takes_the_voids(board: dict[str, Score]) -> None:
    ada = board["Ada"].pk
    for seq in (1, 3):
        corrections.void(player=ada, seq=seq, reason="seen", actor="system")
    corrections.restore(player=ada, seq=4, reason="seen", actor="system")
    form = RestoredEntriesForm(ask(entries="1-"))
    assert form.is_valid()
    assert [step.arguments["seq"] for step in form.steps(ada)] == [5]


def test_a_selection_is_written_by_names_and_asked_for_again_by_ids(board: dict[str, Score]) -> None:
    form = SelectionForm(ask(entries="Ben#1-; Ada#2, 3"))
    assert form.is_valid()
    steps = form.steps(None)
    asked = form.address(steps)
    ada, ben = board["Ada"].pk, board["Ben"].pk
    parts = sorted([f"{ada}:2-3", f"{ben}:1-2"])
    assert asked == {"entries": ";".join(parts)}
    again = SelectionForm(ask(**asked))
    assert again.is_valid()
    assert [(step.player, step.arguments) for step in again.steps(None)] == [
        (step.player, step.arguments) for step in steps
    ]


def test_of_more_than_one_act_takes_the_first_are_taken_and_it_says_so(
    board: dict[str, Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MAXIMUM_ENTRIES", 2)
    ada = board["Ada"].pk
    one, several = EntriesForm(ask(entries="1-")), SelectionForm(ask(entries=f"{ada}:1-"))
    for form in (one, several):
        assert form.is_valid()
        assert ([step.arguments["seq"] for step in form.steps(ada)], form.is_cut) == ([1, 2], True)


def test_a_selection_of_a_list_leaves_out_what_cannot_be_voided(board: dict[str, Score]) -> None:
    corrections.freeze(player=board["Cleo"].pk, reason="seen", actor="system")
    form = SelectionForm(ask(matching="kind=freeze"), matching=AuditEntry.objects.filter(player=board["Cleo"].pk))
    assert form.is_valid()
    assert [step.arguments for step in form.steps(None)] == [{"seq": 1}]


@pytest.mark.parametrize("query", [{}, {"entries": ""}, {"flag": "999"}, {"flag": "x"}])
def test_a_selection_of_nothing_is_asked_which(db: None, query: dict[str, str]) -> None:
    assert not SelectionForm(ask(**query)).is_valid()
