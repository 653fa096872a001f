"""Every way here that docs/migrating.md shows leads here: each recipe is run as it stands, and what it writes is imported."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.support.commands import call
from tests.support.imports import read_board
from tests.support.processes import ROOT
from tests.support.tampering import run_verify

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

TEXT = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")
#: What spreadsheets, separators and terminals stumble over; two of the same points.
OLD = [('Smith, Alex "Lex"', 980), ("Zoë Müller", 980), ("semi;colon", 7), ("=1+1", 3), ("[x] 🏴‍☠️", 0)]
STATEMENT = "INSERT INTO old_scores (name, points, reached_at) VALUES (?, ?, ?)"


def read_block(chapter: str, language: str) -> str:
    """The one example in this language below this heading."""
    [part] = re.findall(
        rf"^#+ {re.escape(chapter)}\n(.*?)(?=^#|\Z)", re.sub(r"^```.*?```$", keep, TEXT, flags=re.M | re.S), re.M | re.S
    )
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", part.replace("\x00", "#"), re.M | re.S)
    return str(block)


def keep(block: re.Match[str]) -> str:
    """A comment in a block is no heading."""
    return block[0].replace("#", "\x00")


def run_block(chapter: str, given: bytes, folder: Path) -> Path:
    script = read_block(chapter, "python")
    done = subprocess.run(
        [sys.executable, "-c", script], input=given, cwd=folder, capture_output=True, check=False, timeout=60
    )
    assert done.stderr == b""
    path = folder / "scores.csv"
    path.write_bytes(done.stdout)
    return path


def import_all(path: Path) -> str:
    """The last line of an import, after which the board is the old one and the log holds."""
    words = ("import_scores", path, "--source", "the old board", "--reason", "we moved")
    before = call(*words, "--dry-run")
    said = call(*words)
    assert said == before.replace("would be imported", "imported")
    assert [(name, points) for _, name, points in read_board()] == OLD
    assert run_verify() == []
    return said.splitlines()[-1]


def test_what_postgresql_copied_is_imported(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE old_scores (name text, points bigint, reached_at timestamptz)")
        for place, (name, points) in enumerate(OLD):
            cursor.execute(STATEMENT.replace("?", "%s"), [name, points, f"2026-11-27T12:00:0{place}Z"])
        with cursor.copy(read_block("From a table", "sql")) as copy:
            (tmp_path / "scores.csv").write_bytes(b"".join(copy))
        cursor.execute(read_block("3. See that nothing was lost", "sql"))
        [[count, total]] = cursor.fetchall()
    assert import_all(tmp_path / "scores.csv").startswith(f"{count} lines with {total} points. ")


def test_a_table_of_sqlite_is_imported(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.sqlite3")
    old.execute("CREATE TABLE old_scores (name text, points integer, reached_at integer)")
    old.executemany(STATEMENT, [(*row, place) for place, row in enumerate(OLD)])
    old.commit()
    old.close()
    import_all(run_block("From a table", b"", tmp_path))


def test_a_file_of_a_spreadsheet_is_imported(tmp_path: Path) -> None:
    """Without the emoji, for which its encoding has no byte."""
    rows = [
        "Place;Score;Team\r\n",
        '1;980;"Smith, Alex ""Lex"""\r\n',
        "2;980;Zoë Müller\r\n",
        '3;7;"semi;colon"\r\n',
        "4;3;=1+1\r\n",
    ]
    (tmp_path / "old.csv").write_bytes("".join(rows).encode("cp1252"))
    path = run_block("From a CSV file", b"", tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("[x] 🏴‍☠️,0\r\n")
    import_all(path)


def test_a_sorted_set_is_imported(tmp_path: Path) -> None:
    told = "".join(f"{name}\n{points}\n" for name, points in OLD)
    import_all(run_block("From a sorted set of Redis or Valkey", told.encode(), tmp_path))


@pytest.mark.parametrize("told", ["a\nb\n3\n", "Ada\n1.5\n", "Ada\n"])
def test_a_sorted_set_that_cannot_be_read_line_by_line_is_refused(told: str) -> None:
    script = read_block("From a sorted set of Redis or Valkey", "python")
    done = subprocess.run(
        [sys.executable, "-c", script], input=told.encode(), capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1


def test_the_feed_of_a_contest_is_imported(tmp_path: Path) -> None:
    feed = {
        "standings": [{"pos": place, "team": name, "score": score} for place, (name, score) in enumerate(OLD, start=1)]
    }
    import_all(run_block("From the feed of a contest", json.dumps(feed).encode(), tmp_path))


def test_what_was_imported_is_exported_as_a_file(tmp_path: Path) -> None:
    told = "".join(f"{name}\n{points}\n" for name, points in OLD)
    import_all(run_block("From a sorted set of Redis or Valkey", told.encode(), tmp_path))
    path = tmp_path / "standings.csv"
    call("export_standings", "main", "--format", "csv", "--output", path)
    assert path.read_text(encoding="utf-8-sig").splitlines()[-1] == f"end of export,{len(OLD)}"
