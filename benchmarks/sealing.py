"""What it costs to sign a minute of updates, on logs of several lengths: `python -m benchmarks.sealing --entries 100000,1000000`.

Fills a fresh PostgreSQL of its own with sealed entries of 1000 players, signs all of it, then as many more entries as
`--rate` updates a second make in a minute, and has `seal_ledger` sign those.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.costs import cpu_seconds
from tests.support.plugin import Profile, make_environment
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", default="100000,1000000", help="lengths of the log, comma-separated")
    parser.add_argument("--rate", type=int, default=1000, help="updates a second")
    options = parser.parse_args()
    for entries in map(int, options.entries.split(",")):
        with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
            os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
            os.environ["DJANGO_SETTINGS_MODULE"] = "scoreboard_project.settings"
            run("manage.py", "migrate", "--verbosity", "0")
            measure(postgresql, entries, 60 * options.rate)


def measure(postgresql: PostgreSQL, entries: int, minute: int) -> None:
    """Print the cost of the first sealing, and of that of a minute more."""
    for name, count in (("all", entries), ("a minute more", minute)):
        run("-m", "benchmarks.fill_ledger", str(count), "0", "unsigned")
        before = cpu_seconds(postgresql.process.pid)
        seconds, peak = run("manage.py", "seal_ledger")
        used = cpu_seconds(postgresql.process.pid) - before
        print(
            f"log of {entries}, {name}: {count} entries signed with {seconds:.2f} + {used:.2f} s of CPU (sealer + PostgreSQL), "
            f"{1000 * (seconds + used) / count:.4f} ms an entry, {peak} MiB at most"
        )


def run(*words: str) -> tuple[float, int]:
    """Run Python to its good end: seconds of CPU, and MiB of memory at most."""
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}.")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
