"""The migrations of the log and of the scores go back to nothing, and forth again."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.plugin import Profile
from tests.support.processes import ROOT


def test_the_way_back_is_a_true_one(profile: Profile, tmp_path: Path) -> None:
    url = (
        profile.postgresql.create_database("back_and_forth")
        if profile.postgresql
        else f"sqlite:///{tmp_path}/back_and_forth.sqlite3"
    )
    for words in (["migrate"], ["migrate", "audit", "zero"], ["migrate", "scores", "zero"], ["migrate"]):
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words, "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), words
