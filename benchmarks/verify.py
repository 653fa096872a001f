"""How fast the log is verified and scores are derived from it, on one core: `python -m benchmarks.verify --entries 100000`.

Fills a fresh PostgreSQL of its own with sealed entries, self-reported and with receipts, and runs the commands on it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.plugin import Profile, make_environment
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--receipts", type=int, default=0, metavar="PERCENT", help="how many of the entries have one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "scoreboard_project.settings"
        run(sys.executable, "manage.py", "migrate", "--verbosity", "0")
        run(sys.executable, "-m", "benchmarks.fill_ledger", str(options.entries), str(options.receipts))
        for command in (["verify_ledger"], ["rebuild_scores", "--check"]):
            began = time.monotonic()
            peak = run(sys.executable, "manage.py", *command)
            seconds = time.monotonic() - began
            rate = options.entries / seconds
            print(
                f"{' '.join(command)}: {options.entries} entries in {seconds:.1f} s, {rate:.0f}/s, {peak} MiB at most"
            )


def run(*command: str) -> int:
    """Run it to its good end on one core; its peak of memory in MiB."""
    process = subprocess.Popen(command, cwd=ROOT)
    os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}.")
    return usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
