"""Commands as an operator types them: here, or in a process of their own with the sentence it ends with."""

import io
import os
import subprocess
import sys
from collections.abc import Callable

from django.core.management import call_command

from tests.support.processes import ROOT


def call(*words: object) -> str:
    """What a command prints, run in this process; what it raises comes through."""
    output = io.StringIO()
    call_command(*map(str, words), stdout=output)
    return output.getvalue()


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
