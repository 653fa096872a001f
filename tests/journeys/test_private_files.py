"""What the scoreboard keeps on its own machine is its owner's alone to read, however careless the umask."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The same project at a place with a var/ of its own, which is not there yet."""
    shutil.copytree(ROOT / "scoreboard_project", tmp_path / "scoreboard_project")
    shutil.copy(ROOT / "manage.py", tmp_path)
    (tmp_path / "static").symlink_to(ROOT / "static")
    return tmp_path


@pytest.fixture(autouse=True)
def _careless_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def manage(project: Path, *arguments: str, **variables: str) -> None:
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DEBUG": "1"}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=project, env={**bare, **variables}, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def read_modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


def test_what_is_made_in_var_is_its_owners_alone(project: Path) -> None:
    manage(project, "migrate", "--verbosity=0")
    modes = read_modes(project / "var")
    assert modes.pop("var") == 0o700
    assert {"scoreboard.sqlite3", "secret_key", "ledger_keys.json"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_what_an_earlier_version_left_open_is_closed(project: Path) -> None:
    (project / "var").mkdir(mode=0o755)
    database = project / "var/scoreboard.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as earlier:
        earlier.execute("PRAGMA journal_mode=WAL")
        earlier.execute("CREATE TABLE kept (number int)")
        assert read_modes(project / "var") == {
            "var": 0o755,
            "scoreboard.sqlite3": 0o644,
            "scoreboard.sqlite3-wal": 0o644,
            "scoreboard.sqlite3-shm": 0o644,
        }
        manage(project, "showmigrations", "scores")
        modes = read_modes(project / "var")
    assert modes.pop("var") == 0o700
    assert set(modes.values()) == {0o600}
    assert len(modes) > 3


def test_a_database_elsewhere_is_no_more_open(project: Path) -> None:
    database = project / "elsewhere.sqlite3"
    manage(project, "migrate", "--verbosity=0", DATABASE_URL=f"sqlite:///{database}")
    assert database.stat().st_mode & 0o777 == 0o600


def test_where_a_link_leads_keeps_its_rights(project: Path) -> None:
    (project / "shared").mkdir(mode=0o755)
    (project / "var").symlink_to("shared")
    manage(project, "migrate", "--verbosity=0")
    modes = read_modes(project / "shared")
    assert modes.pop("shared") == 0o755
    assert set(modes.values()) == {0o600}
