"""Commands on an empty database of their own: for migrations there and back, which no other test may meet."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.support.plugin import Profile
from tests.support.processes import ROOT

Manage = Callable[..., subprocess.CompletedProcess[str]]


def manage_own_database(profile: Profile, tmp_path: Path) -> Manage:
    """Make an empty database, and return what runs commands on it; words in capitals are environment variables."""
    name = f"own_{uuid4().hex}"
    url = profile.postgresql.create_database(name) if profile.postgresql else f"sqlite:///{tmp_path}/{name}.sqlite3"

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words], cwd=ROOT, env={**os.environ, "DATABASE_URL": url, **variables},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def succeeding(manage: Manage) -> Callable[..., str]:
    """What runs commands that have to succeed without a word of complaint; what they print."""

    def run(*words: str) -> str:
        done = manage(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        return done.stdout.strip()

    return run
