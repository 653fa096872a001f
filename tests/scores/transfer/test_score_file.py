"""A file of scores is read whole: what is wrong with each line is said, and what is right is read exactly."""

import csv
import io
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scores.names import repair_name
from scores.transfer.score_file import MAXIMUM_CELL, FileRefused, ScoreLine, read_score_file

pytestmark = pytest.mark.any_database
ADA = UUID(int=0xADA)
LARGEST = 2**53 - 1


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "scores.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, content: str | bytes) -> list[tuple[int, str, int, UUID | None]]:
    return [
        (line.number, line.text, line.points, line.player) for line in read_score_file(write(folder, content)).lines
    ]


def refuse(folder: Path, content: str | bytes) -> list[str]:
    """The sentences after the first, which says that nothing was imported."""
    with pytest.raises(FileRefused) as refusal:
        read_score_file(write(folder, content))
    first, *sentences = str(refusal.value).splitlines()
    assert first == "Nothing was imported."
    return sentences


def test_a_file_is_its_bytes_its_lines_and_their_sum(tmp_path: Path) -> None:
    file = read_score_file(write(tmp_path, "name,points\nAda,7\nGrace,0\n"))
    assert file.sha256 == sha256(b"name,points\nAda,7\nGrace,0\n").hexdigest()
    assert file.lines == [ScoreLine(2, "Ada", "Ada", 7, None), ScoreLine(3, "Grace", "Grace", 0, None)]
    assert file.total == 7


@pytest.mark.parametrize(
    "content",
    [
        "name,points,player\nAda,7,00000000-0000-0000-0000-000000000ada\n",
        "\ufeffname,points,player\r\nAda,7,00000000-0000-0000-0000-000000000ADA\r\n",
        "player,points,name\n00000000-0000-0000-0000-000000000ada,7,Ada",
        '"points","name","player"\n"7","Ada","00000000-0000-0000-0000-000000000ada"\n',
    ],
)
def test_columns_come_in_any_order_and_lines_end_as_they_do_anywhere(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == [(2, "Ada", 7, ADA)]


def test_a_line_is_where_its_record_begins_and_an_empty_player_is_a_new_one(tmp_path: Path) -> None:
    content = 'name,points,player\n"Ada\nLovelace",1,\n"He said ""hi"", twice",2,\nC,3,\n'
    assert read(tmp_path, content) == [
        (2, "Ada\nLovelace", 1, None), (4, 'He said "hi", twice', 2, None), (5, "C", 3, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Ada", "1 cells instead of 2"),
        ("Ada,1,2", "3 cells instead of 2"),
        ("", "0 cells instead of 2"),
        (b"Ad\xe4,1", "not UTF-8"),
        ("A\0da,1", "U+0000 is no text"),
        ("\u200b\u2800,1", "nothing of the name '\\u200b⠀' can be shown"),
        (",1", "nothing of the name '' can be shown"),
        ("Erased 0123456789ab,1", "nothing of the name 'Erased 0123456789ab' can be shown"),
        ("A\rda,1", "a carriage return without a line feed behind it"),
        ('"A"da,1', "no CSV"),
        (f"{'x' * (MAXIMUM_CELL + 1)},1", "a quote is opened and not closed, or a cell is far too long"),
        (f"{'x' * 200_000},1", "a quote is opened and not closed, or a cell is far too long"),
    ],
)
def test_a_bad_line_is_named_with_its_fault(tmp_path: Path, line: str | bytes, fault: str) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    sentences = refuse(tmp_path, b"name,points\nGood,1\n" + raw + b"\nGood,2\n")
    assert [sentence.startswith(f"line 3: {fault}") for sentence in sentences] == [True]


@pytest.mark.parametrize(
    "points", ["", "-1", "+1", "01", "1.0", "1e3", " 1", "1 ", "1_000", "0x1", "٣", "²", str(LARGEST + 1), "9" * 5000]
)
def test_points_are_whole_numbers_written_in_one_way(tmp_path: Path, points: str) -> None:
    [sentence] = refuse(tmp_path, f"name,points\nAda,{points}\n")
    assert sentence == (
        f"line 2: the points {points[:40]!r} are no whole number from 0 to 9007199254740991, in digits alone."
    )
    assert read(tmp_path, f"name,points\nAda,0\nGrace,{LARGEST}\n") == [
        (2, "Ada", 0, None),
        (3, "Grace", LARGEST, None),
    ]


@pytest.mark.parametrize("player", ["ada", f"{{{ADA}}}", ADA.hex, f" {ADA}", f"urn:uuid:{ADA}", str(UUID(int=0))])
def test_a_player_is_a_uuid_as_the_board_shows_it(tmp_path: Path, player: str) -> None:
    assert refuse(tmp_path, f"name,points,player\nAda,1,{player}\n") == [
        f"line 2: the player {player[:40]!r} is no UUID with hyphens."
    ]


def test_a_player_is_in_a_file_once(tmp_path: Path) -> None:
    again = str(ADA).upper()
    assert refuse(tmp_path, f"name,points,player\nAda,1,{ADA}\nB,1,\nB,1,\nAda,1,{again}\n") == [
        "line 5: the same player as in line 2."
    ]


def test_a_quote_that_is_not_closed_is_found_where_it_was_opened(tmp_path: Path) -> None:
    assert refuse(tmp_path, 'name,points\nAda,1\n"Grace,2\nHedy,3\n') == [
        "line 3: a quote is opened and not closed, or a cell is far too long."
    ]


@pytest.mark.parametrize(
    "header", ["Ada,7", "name;points", "Name,Points", "name", "name,points,team", "name,name,points", "name,points,", '"name,points']
)  # fmt: skip
def test_the_header_names_the_columns(tmp_path: Path, header: str) -> None:
    [sentence] = refuse(tmp_path, f"{header}\nGrace,8\n")
    assert sentence.startswith("line 1: the header has to be name,points or name,points,player, in any order.")


@pytest.mark.parametrize("content", ["", "\ufeff", " \r\n \n"])
def test_an_empty_file_is_none(tmp_path: Path, content: str) -> None:
    assert refuse(tmp_path, content) == [f"{tmp_path / 'scores.csv'} is empty."]


def test_a_header_alone_is_none_either(tmp_path: Path) -> None:
    assert refuse(tmp_path, "name,points\n") == [f"{tmp_path / 'scores.csv'} has a header, and no line behind it."]


@pytest.mark.parametrize("content", ['{"standings": []}', '\ufeff [\n{"pos": 1}]'])
def test_json_is_told_how_to_become_a_table(tmp_path: Path, content: str) -> None:
    [sentence] = refuse(tmp_path, content)
    assert sentence.endswith("is JSON, and a CSV file is needed: docs/migrating.md shows how one is made of the other.")


def test_what_is_no_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    told = []
    for path in (tmp_path, tmp_path / "nothing.csv", Path("a\0b")):
        with pytest.raises(FileRefused) as refusal:
            read_score_file(path)
        told.append(str(refusal.value).splitlines()[1].partition(" cannot be read: ")[2])
    assert told == ["Is a directory.", "No such file or directory.", "there can be no file of this name."]


def test_of_many_bad_lines_twenty_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    sentences = refuse(tmp_path, "name,points\n" + "Ada,x\n" * 33)
    assert len(sentences) == 21
    assert [sentences[0][:7], sentences[19][:8], sentences[20]] == ["line 2:", "line 21:", "... and 13 more."]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, st.integers(0, LARGEST)), min_size=1, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[("=1+1", 1), ("a\tb", 2), ('"', 3), ("a\r\nb", 4)], ending="\r\n")
def test_whatever_a_writer_of_csv_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, int]], ending: str) -> None:
    rows = [row for row in rows if repair_name(row[0])] or [("Ada", 1)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(["name", "points"])
    writer.writerows(rows)
    assert [line[1:3] for line in read(tmp_path, text.getvalue())] == rows
