"""Whom the rules of suspicion flag, and how long a round takes: `python -m benchmarks.detection [--players 1000] [--cheats 20]`.

Fills a fresh PostgreSQL of its own with a week of honest players and so many of each kind of the demo's cheats, runs
`manage.py detect` on it on one core, and counts whom it flagged.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.verify import run
from tests.support.plugin import Profile, make_environment
from tests.support.servers import PostgreSQL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=1000)
    parser.add_argument("--cheats", type=int, default=20, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "scoreboard_project.settings"
        os.environ["RECEIPT_ISSUERS_FILE"] = str(Path(folder) / "demo_issuers.json")
        answers = Path(folder) / "cheats.json"
        numbers = map(str, (options.players, options.cheats, options.seed))
        Path(os.environ["RECEIPT_ISSUERS_FILE"]).write_text("{}", encoding="ascii")
        run(sys.executable, "manage.py", "migrate", "--verbosity", "0")
        run(sys.executable, "-m", "benchmarks.fill_week", str(answers), *numbers)
        began = time.monotonic()
        peak = run(sys.executable, "manage.py", "detect", "--days=8")
        seconds = time.monotonic() - began
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            report(connection, json.loads(answers.read_text(encoding="ascii")), options.players)
            [(entries,)] = connection.execute("SELECT count(*) FROM audit_auditentry").fetchall()
        print(f"A round over {entries} entries took {seconds:.1f} s and {peak} MiB at most.")


def report(connection: psycopg.Connection, cheats: dict[str, list[str]], players: int) -> None:
    """Of each kind of cheat and of the honest, how many are named in a flag."""
    accused: set[str] = set()
    rules: dict[str, str] = {}
    for rule, player, entries in connection.execute("SELECT rule, player, entries FROM scores_flag").fetchall():
        named = {str(player)} if player else {owner for owner, _ in entries}
        accused |= named
        rules |= {owner: f"{rules.get(owner, '')} {rule}" for owner in named}
    guilty = {player for group in cheats.values() for player in group}
    for kind, group in cheats.items():
        print(f"{kind}: {len(accused & set(group))} of {len(group)} flagged")
    print(f"All cheats: {len(accused & guilty)} of {len(guilty)} flagged ({len(accused & guilty) / len(guilty):.1%})")
    honest = accused - guilty
    print(f"Honest players: {len(honest)} of {players} flagged ({len(honest) / players:.1%})")
    for player in sorted(honest):
        print(f"  {player}:{rules[player]}")


if __name__ == "__main__":
    main()
