"""manage.py export_standings: a whole file or none."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from scores.counting import plans
from tests.support.boards import main_period, make_board, stand
from tests.support.commands import call, run
from tests.support.database import database_url
from tests.support.plugin import Profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _board() -> None:
    plans.make_built_in()
    stand("Zoë", main_period(), 7)


def test_it_writes_to_standard_output_or_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "main.csv"
    path.write_text("before")
    text = call("export_standings", "main", "--format", "csv")
    assert call("export_standings", "main", "all", "--format", "csv", "--output", path) == ""
    assert path.read_bytes() == text.encode()
    assert text.splitlines()[2] == "end of export,1"
    assert (path.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o644, [path])


def test_json_names_the_board_and_all_who_stand_there() -> None:
    document = json.loads(call("export_standings", "main", "--format", "json"))
    assert (document["board"]["slug"], document["players"], document["entries"][0]["name"]) == ("main", 1, "Zoë")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "There is no such board."),
        (("main", "yesterday"), "The board has no period of this name."),
        (("filling",), "This board is still being filled from the log; try again after the pause."),
    ],
)
def test_what_cannot_be_exported_leaves_the_file_as_it_was(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    make_board("filling", filling=True)
    path = tmp_path / "kept.csv"
    path.write_text("kept")
    with pytest.raises(CommandError, match=sentence):
        call("export_standings", *words, "--format", "csv", "--output", path)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("kept", [path])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Is a directory"),
        ("no/file.csv", "No such file or directory"),
        ("a\0b", "there can be no file of this name"),
    ],
)
def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" if not name else tmp_path / name
    with pytest.raises(CommandError, match=f"cannot be written: {reason}."):
        call("export_standings", "main", "--format", "csv", "--output", path)
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


@pytest.mark.django_db(transaction=True)
def test_it_is_utf_8_whatever_the_terminal_is(profile: Profile) -> None:
    done = run(
        "export_standings", "main", "--format", "json", PYTHONIOENCODING="ascii", DATABASE_URL=database_url(profile)
    )
    assert (json.loads(done.stdout)["entries"][0]["name"], done.stderr) == ("Zoë", "")
