"""manage.py import_scores: what it says, and that it says why when it does nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from audit.models import AuditEntry
from scores.models import Score
from tests.support.acting import make_player
from tests.support.commands import call, last_line, run
from tests.support.imports import read_imports, write_scores
from tests.support.tampering import run_verify

pytestmark = pytest.mark.django_db
NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = ("--source", "the old board", "--reason", "we moved")


def test_it_says_what_was_changed_and_how_much_was_imported(tmp_path: Path) -> None:
    ada = make_player("Ada")
    path = write_scores(tmp_path, f"Ada,7,{ada.pk}", "A\tB,9,", header="name,points,player")
    assert call("import_scores", path, *WHY) == (
        "line 3: 'A\\tB' becomes 'A B'\n"
        "2 lines with 16 points. 2 lines with 16 points imported: 1 new players, 1 who were there. "
        "0 lines were there already.\n"
    )
    assert read_imports() == [("Ada", 7, 2), ("A B", 9, 3)]
    assert call("import_scores", path, *WHY) == (
        "2 lines with 16 points. 0 lines with 0 points imported: 0 new players, 0 who were there. "
        "2 lines were there already.\n"
    )
    assert run_verify() == []


def test_a_dry_run_says_the_same_and_does_nothing(tmp_path: Path, nothing_written: NothingWritten) -> None:
    User.objects.create_user("grace")  # whose score is made with the first act
    path = write_scores(tmp_path, "Ada,7", "A\tB,9")
    with nothing_written():
        assert call("import_scores", path, *WHY, "--actor", "grace", "--dry-run") == (
            "line 3: 'A\\tB' becomes 'A B'\n"
            "2 lines with 16 points. 2 lines with 16 points would be imported: 2 new players, 0 who were there. "
            "0 lines were there already.\n"
        )


def test_it_is_done_in_the_name_of_whoever_does_it(tmp_path: Path) -> None:
    User.objects.create_user("grace")
    call("import_scores", write_scores(tmp_path, "Ada,7"), *WHY, "--actor", "grace")
    grace = str(Score.objects.get(user__username="grace").pk)
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {grace}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--source", "x", "--reason", " "), "Give a reason of 1 to 1000 characters."),
        (
            ("--source", " ", "--reason", "x"),
            "Say in 1 to 120 characters, without U\\+0000, where the scores come from.",
        ),
        ((*WHY, "--actor", "nobody"), "There is no active user 'nobody'."),
    ],
)
def test_who_says_not_why_imports_nothing(
    tmp_path: Path, nothing_written: NothingWritten, words: tuple[str, ...], sentence: str
) -> None:
    with nothing_written(), pytest.raises(CommandError, match=sentence):
        call("import_scores", write_scores(tmp_path, "Ada,7"), *words)


def test_a_bad_line_ends_it_with_a_sentence_and_no_traceback(tmp_path: Path, nothing_written: NothingWritten) -> None:
    path = write_scores(tmp_path, "Ada,7", "Bea,many")
    with nothing_written():
        done = run("import_scores", str(path), *WHY)
        assert last_line(done) == (
            "line 3: the points 'many' are no whole number from 0 to 9007199254740991, in digits alone."
        )
        assert done.stdout == ""
