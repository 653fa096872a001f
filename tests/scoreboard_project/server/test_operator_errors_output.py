"""What becomes of what a command prints: a reader that left, a full disk, no output at all; and what is told of its use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import last_line
from tests.support.database import database_url
from tests.support.plugin import Profile
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

#: Each prints something, by itself or by way of what commands share; a few catch errors of the system themselves.
PRINTING = {
    "help": ["help"],
    "help of a command": ["demo", "--help"],
    "config": ["config", "--markdown"],
    "make_issuer": ["make_issuer", "quiz-backend", "--action", "daily-quiz=100"],
    "make_players": ["make_players", "--count", "2000"],
    "make_action": ["make_action", "daily-quiz", "--points", "10"],
    "verify_ledger": ["verify_ledger"],
    "seal_ledger": ["seal_ledger"],
    "seal_ledger, time and again": ["seal_ledger", "--every", "60"],
    "detect": ["detect"],
    "detect, time and again": ["detect", "--every", "60"],
    "a command of Django's": ["showmigrations"],
}


@pytest.fixture
def empty_log(transactional_db: None, profile: Profile, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url(profile), "CHECKPOINT_EXPORT": str(tmp_path / "checkpoints.jws")}


@pytest.mark.parametrize("name", PRINTING)
def test_a_reader_that_left_ends_a_command_without_a_word(name: str, empty_log: dict[str, str]) -> None:
    """As in `manage.py config | head -1`, however little of it is still in Python's buffer at the end."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "manage.py", *PRINTING[name]], cwd=ROOT, env={**os.environ, **empty_log},
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [["demo", "--help"], ["migrate", "--check"]])
def test_a_reader_of_everything_that_left(arguments: list[str], empty_database: str) -> None:
    """As in `manage.py migrate 2>&1 | head -1`: the code says what there is nobody to tell."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env={**os.environ, "DATABASE_URL": empty_database},
        stdout=writer, stderr=writer, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 1


@pytest.mark.parametrize("name", ["help", "make_players", "seal_ledger", "detect"])
def test_a_full_disk_under_what_a_command_prints(name: str, empty_log: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", *PRINTING[name]], cwd=ROOT, env={**os.environ, **empty_log},
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert "No space left on device" in last_line(done)


def test_a_closed_output_is_none_that_a_command_needs() -> None:
    """As in `manage.py config --markdown >&-`."""
    command = [sys.executable, "manage.py", "config", "--markdown"]
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(shell, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["demo", "--help"], ["void", "-h"], ["help", "serve"], ["help"], []])
def test_how_a_command_is_used_is_told_before_anything_is_set(arguments: list[str]) -> None:
    command = [sys.executable, "manage.py", *arguments]
    bare = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "seal_ledger" in done.stdout or f"usage: manage.py {arguments[-1 - ('-' in arguments[-1])]} " in done.stdout


@pytest.mark.parametrize("arguments", [["config"], ["make_issuer", "--", "--help"]])
def test_a_command_that_acts_still_asks_for_what_is_not_set(arguments: list[str]) -> None:
    bare = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert last_line(done).startswith("Configuration: SECRET_KEY is not set.")
