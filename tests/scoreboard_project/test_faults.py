"""What an operator can put right ends a command with a sentence and a code, and no traceback."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from audit.models import AuditEntry
from scores.readiness import find_clock_fault
from tests.conftest import database_url
from tests.plugin import Profile
from tests.processes import ROOT, free_port
from tests.servers import PostgreSQL

COMMANDS = {
    "serve": ["serve", "--port", str(free_port())],
    "seal_ledger": ["seal_ledger"],
    "verify_ledger": ["verify_ledger"],
    "migrate": ["migrate"],
    "demo": ["demo", "--port", str(free_port())],
}
DAY = 86_400


def run(
    *arguments: str, before: Callable[[], None] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env={**os.environ, **variables},
        capture_output=True, text=True, timeout=60, check=False, preexec_fn=before,
    )  # fmt: skip


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What the command says in the end; a traceback is none, nor is an end without a code."""
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.postgresql
@pytest.mark.parametrize("name", COMMANDS)
def test_no_database(name: str) -> None:
    url = f"postgresql://scoreboard:open-sesame@127.0.0.1:{free_port()}/scoreboard"
    said = last_line(run(*COMMANDS[name], DATABASE_URL=url, DEBUG="1"))
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: connection failed: ")
    assert "Connection refused" in said
    assert "open-sesame" not in said


@pytest.mark.postgresql
def test_a_wrong_role(postgresql: PostgreSQL) -> None:
    url = f"postgresql://nobody:open-sesame@127.0.0.1:{postgresql.port}/scoreboard"
    said = last_line(run(*COMMANDS["serve"], DATABASE_URL=url))
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: connection failed: ")
    assert "nobody" in said
    assert "open-sesame" not in said


@pytest.mark.parametrize("name", ["serve", "verify_ledger"])
def test_a_database_that_was_not_migrated(name: str, tmp_path: Path) -> None:
    said = last_line(run(*COMMANDS[name], DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3"))
    assert "The database lacks tables or columns: run manage.py migrate" in said


def test_a_folder_that_cannot_be_written() -> None:
    said = last_line(run(*COMMANDS["migrate"], DATABASE_URL="sqlite:////proc/scoreboard.sqlite3"))
    assert said == "Database: DATABASE_URL names one that cannot be used: unable to open database file."


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = last_line(run("serve", "--port", str(port)))
    assert said == f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another --port."


def test_a_full_disk(tmp_path: Path) -> None:
    """As the system says it: no file may grow beyond 100 KB."""
    limit = 100_000
    said = last_line(
        run(
            "migrate",
            before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            DATABASE_URL=f"sqlite:///{tmp_path}/full.sqlite3",
        )
    )
    assert said.startswith("Database: DATABASE_URL names one that cannot be used: d")
    assert "disk" in said


def test_a_full_disk_under_the_exported_checkpoints(transactional_db: None, profile: Profile) -> None:
    said = last_line(run("seal_ledger", DATABASE_URL=database_url(profile), CHECKPOINT_EXPORT="/dev/full"))
    assert said == "CommandError: [Errno 28] No space left on device"


def write_entry_of_tomorrow() -> None:
    AuditEntry.objects.create(
        player=uuid4(), seq=1, kid="ledger-1", kind="award", delta=1, balance=1, action="daily-quiz", actor="system",
        at_us=time.time_ns() // 1000 + DAY * 1_000_000, detail="", prev="", mac="", context={},
    )  # fmt: skip


def test_a_clock_that_lies_a_day_behind_the_log(transactional_db: None, profile: Profile) -> None:
    write_entry_of_tomorrow()
    said = last_line(run(*COMMANDS["serve"], DATABASE_URL=database_url(profile)))
    assert said.startswith("CommandError: This machine's clock is 23:59:")
    assert said.endswith("--despite-clock starts all the same.")


@pytest.mark.postgresql
@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_a_day_off_the_databases(days: int, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_clock_fault() is None
    connection.ensure_connection()
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present + days * DAY)
    said = str(find_clock_fault())
    assert said.startswith("This machine's clock is ")
    assert said.endswith(" off the database server's. Set both by NTP.")


def test_a_fault_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('ours')\n", encoding="utf-8")
    done = run("check", DJANGO_SETTINGS_MODULE="broken", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "RuntimeError: ours"
