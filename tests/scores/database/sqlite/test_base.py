"""SQLite's files are their owner's alone, whoever made them and with whatever rights."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scores.database.sqlite.base import keep_private


@pytest.fixture(autouse=True)
def _careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_is_private_before_anything_is_in_it(tmp_path: Path) -> None:
    database = tmp_path / "scoreboard.sqlite3"
    keep_private(database)
    assert (rights(database), database.read_bytes()) == (0o600, b"")


def test_what_sqlite_makes_beside_it_has_the_same_rights(tmp_path: Path) -> None:
    database = tmp_path / "scoreboard.sqlite3"
    keep_private(database)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE players (name text)")
    assert {path.name: rights(path) for path in tmp_path.iterdir()} == {
        "scoreboard.sqlite3": 0o600,
        "scoreboard.sqlite3-wal": 0o600,
        "scoreboard.sqlite3-shm": 0o600,
    }
    connection.close()


def test_what_was_left_open_is_closed_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        (tmp_path / f"old.sqlite3{suffix}").write_text("data")
    keep_private(tmp_path / "old.sqlite3")
    assert {(rights(path), path.read_text()) for path in tmp_path.iterdir()} == {(0o600, "data")}


def test_where_a_link_leads_is_made_private_too(tmp_path: Path) -> None:
    target, link = tmp_path / "target.sqlite3", tmp_path / "link.sqlite3"
    link.symlink_to(target)
    keep_private(link)
    assert rights(target) == 0o600


def test_locks_are_kept_so_that_no_other_process_takes_the_write_ahead_log_away(tmp_path: Path) -> None:
    database = tmp_path / "scoreboard.sqlite3"
    keep_private(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE players (name text)")
        keep_private(database)  # As for the connection of the next thread.
        look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM players').fetchall(); c.close()"
        subprocess.run([sys.executable, "-c", look, database], check=True, timeout=60)
        connection.execute("INSERT INTO players VALUES ('Ada')")
        with closing(sqlite3.connect(database)) as another:
            assert another.execute("SELECT * FROM players").fetchall() == [("Ada",)]


def test_a_place_that_cannot_be_is_sqlites_to_complain_about(tmp_path: Path) -> None:
    keep_private(tmp_path / "nowhere" / "scoreboard.sqlite3")
    assert list(tmp_path.iterdir()) == []
