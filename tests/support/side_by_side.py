"""Runs of tests beside each other, which wait for disks and clocks more than for a processor.

`python -m tests.support.side_by_side NAME PYTEST-ARGS -- NAME PYTEST-ARGS ...` shows the first run as it goes; the others go one
after another beside it, and what each said is shown when the first has ended.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from types import FrameType
from typing import NamedTuple


class Run(NamedTuple):
    """One run of pytest, which needs a process of its own: another database needs other settings."""

    name: str
    arguments: Sequence[str]


def read_runs(words: Sequence[str]) -> list[Run]:
    """Read what the command line asks for."""
    groups = [list(group) for is_end, group in groupby(words, lambda word: word == "--") if not is_end]
    return [Run(name, arguments) for name, *arguments in groups]


class SideBySide:
    """The runs that are under way; `stop` ends them, and each stops the servers it started."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._is_stopped = False

    def run_all(self, runs: Sequence[Run]) -> list[str]:
        """Run them all; the names of those that failed."""
        first, *others = runs
        with ThreadPoolExecutor(max_workers=1) as beside, self._stopping():
            results = [beside.submit(self._run, run, subprocess.PIPE) for run in others]
            _say(f"== {first.name}")
            failed = [first.name] if self._run(first, None)[0] else []
            for run, result in zip(others, results, strict=True):
                code, output = result.result()
                failed += [run.name] if code else []
                _say(f"== {run.name}")
                sys.stdout.buffer.write(output or b"")
        return failed

    def stop(self) -> None:
        """End what runs, as Ctrl-C does, and begin nothing more."""
        self._is_stopped = True
        for process in self._processes:
            process.send_signal(signal.SIGINT)

    def _run(self, run: Run, output: int | None) -> tuple[int, bytes | None]:
        """Run it to its end: its exit code, and what it said where that goes into a pipe."""
        if self._is_stopped:
            return 1, None
        command = [sys.executable, "-m", "pytest", *run.arguments]
        errors = output and subprocess.STDOUT
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        self._processes.append(process)
        said, _ = process.communicate()
        return process.returncode, said

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
            self.stop()
            sys.exit(128 + number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        yield


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command


if __name__ == "__main__":
    failures = SideBySide().run_all(read_runs(sys.argv[1:]))
    for name in failures:
        _say(f"== FAILED: {name}")
    sys.exit(bool(failures))
