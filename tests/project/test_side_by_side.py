"""Runs beside each other say what each of them found, and end together."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, wait_until
from tests.support.side_by_side import read_runs

pytestmark = pytest.mark.any_database

PASSES = "def test_passes() -> None:\n    pass\n"
FAILS = "def test_fails() -> None:\n    assert {} == 'what it found'\n"
WAITS = "import time\n\ndef test_waits() -> None:\n    open({!r}, 'w').close()\n    time.sleep(60)\n"
#: Without the servers that tests here have.
PLAIN = (
    "-p",
    "no:cacheprovider",
    "-p",
    "no:tests.support.plugin",
    "-p",
    "no:django",
    "--override-ini",
    "addopts=",
    "--noconftest",
)


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.side_by_side", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def write(folder: Path, name: str, code: str) -> list[str]:
    path = folder / f"test_{name}.py"
    path.write_text(code)
    return [str(path), "-q", f"--rootdir={folder}", *PLAIN]


def test_a_name_and_its_words_make_a_run() -> None:
    assert read_runs(["one", "a", "-q", "--", "two"]) == [("one", ["a", "-q"]), ("two", [])]


def test_each_run_is_shown_whole_in_order_and_any_that_fails_fails_all(tmp_path: Path) -> None:
    first, second = write(tmp_path, "first", PASSES), write(tmp_path, "second", FAILS.format(1))
    process = start("the first", *first, "--", "the second", *second, "--", "the third", *first)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    titles = [line for line in output.splitlines() if line.startswith("== ")]
    assert titles == ["== the first", "== the second", "== the third", "== FAILED: the second"]
    assert output.index("== the second") < output.index("what it found") < output.index("== the third")
    assert output.count("1 passed") == 2


def test_who_ends_it_ends_all_runs_and_none_begins(tmp_path: Path) -> None:
    marks = [tmp_path / name for name in ("one", "two")]
    waiting = [write(tmp_path, mark.name, WAITS.format(str(mark))) for mark in marks]
    never = write(tmp_path, "never", WAITS.format(str(tmp_path / "never")))
    process = start("one", *waiting[0], "--", "two", *waiting[1], "--", "never", *never)
    wait_until(lambda: all(mark.exists() for mark in marks), seconds=30, what="both runs began")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "never").exists()
