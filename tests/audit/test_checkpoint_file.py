"""The file of exported checkpoints only grows, a whole line at a time, whatever was left in it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from audit.checkpoint_file import append_missing, read_all, read_last


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints.jws"


def test_what_is_missing_after_the_last_line_is_appended(file: Path) -> None:
    asked: list[str] = []

    def find_missing(last: str) -> Iterable[str]:
        asked.append(last)
        return ["one", "two"] if not last else ["three"] if last == "two" else []

    for _ in range(3):
        append_missing(str(file), find_missing)
    assert asked == ["", "two", "three"]
    assert file.read_text() == "one\ntwo\nthree\n"
    assert (read_last(str(file)), list(read_all(str(file)))) == ("three", ["one", "two", "three"])


def test_half_a_line_is_ended_and_neither_last_nor_read_where_the_whole_of_it_follows(file: Path) -> None:
    file.write_text("one\ntw")
    assert read_last(str(file)) == "one"
    append_missing(str(file), lambda last: ["two"] if last == "one" else [])
    assert file.read_text() == "one\ntw\ntwo\n"
    assert list(read_all(str(file))) == ["one", "two"]
    assert list(read_all(str(file)))[-1] == read_last(str(file))


def test_a_file_that_is_not_there_has_no_last_line(file: Path) -> None:
    assert read_last(str(file)) == ""
    append_missing(str(file), lambda _: [])
    assert file.read_bytes() == b""


def test_what_cannot_be_written_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        append_missing("/dev/full", lambda _: ["one"])
    with pytest.raises(FileNotFoundError):
        append_missing(str(tmp_path / "no folder" / "file"), lambda _: ["one"])
