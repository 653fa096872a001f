"""Commands as an operator types them: a process of its own, and the sentence it ends with."""

import os
import subprocess
import sys
from collections.abc import Callable

from tests.support.processes import ROOT


def run(
    *arguments: str, before: Callable[[], None] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command that must not ask anything, and whatever it ends with; `before` runs in the new process."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env={**os.environ, **variables},
        capture_output=True, text=True, timeout=60, check=False, preexec_fn=before,
    )  # fmt: skip


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What the command says in the end; a traceback is none, nor is an end without a code."""
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr
    return done.stderr.strip().splitlines()[-1]
