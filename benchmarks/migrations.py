"""How long each migration takes on a log of many entries, how long it keeps an update waiting, and how large the log is then.

    python -m benchmarks.migrations [ENTRIES]    (default: 10 000 000; about 7 GB of disk)

Rows are made up in the database: what is timed depends on their number and size, not on their seals.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from tests.support.plugin import Profile, make_environment
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL

#: Before these a log may have grown large; what comes earlier makes empty tables.
BEFORE = {"audit": "0004", "scores": "0002"}
PLAYERS = 1_000_000
FILL = """
INSERT INTO audit_auditentry (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
SELECT md5((n % {players})::text)::uuid, n / {players} + 1, 'ledger-1', 'award', 10, 10, 'daily-quiz',
    'k:' || md5(n::text) || md5((n + 1)::text), md5((n % {players})::text)::uuid::text, 1700000000000000 + n,
    repeat(md5(n::text), 2), repeat(md5(n::text), 2), repeat(md5(n::text), 2),
    jsonb_build_object('address', '192.0.2.' || n % 250, 'agent', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
        'request', md5(n::text), 'token', md5(n::text), 'salt', md5(n::text))
FROM generate_series({first}, {last}) AS n
"""
#: One more, as who is stopped by a migration would write it: texts that PostgreSQL takes for what the column holds.
APPEND = """
INSERT INTO audit_auditentry (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
VALUES (gen_random_uuid(), 1, 'ledger-1', 'award', 10, 10, 'daily-quiz', 'k:{number}', 'system', {number}, '', '', '', '{{}}')
"""
STEP = 500_000


def migrate(environment: dict[str, str], *target: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", *target]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def pending(environment: dict[str, str]) -> list[tuple[str, str]]:
    command = [sys.executable, "manage.py", "showmigrations", "--plan", "audit", "scores"]
    plan = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in plan.splitlines() if line.startswith("[ ]")]
    return [(name.partition(".")[0], name.partition(".")[2]) for name in names]


class Writer(threading.Thread):
    """Appends an entry every few milliseconds, and remembers the longest wait."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self._over = url, threading.Event()
        self.longest = 0.0

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.wait(0.005):
                began, number = time.monotonic(), time.time_ns() // 1000
                connection.execute(APPEND.format(number=number))  # type: ignore[arg-type]
                self.longest = max(self.longest, time.monotonic() - began)

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.longest


def measure_log(url: str) -> float:
    """The log with its indexes, in gigabytes."""
    with psycopg.connect(url) as connection:
        size = connection.execute("SELECT pg_total_relation_size('audit_auditentry')").fetchone()
    return (size or (0,))[0] / 1e9


def main(entries: int) -> None:
    with PostgreSQL() as postgresql, tempfile.TemporaryDirectory() as folder:
        variables = make_environment(Profile("postgresql", Path(folder), postgresql, None))
        environment = {**os.environ, **variables}
        for target in BEFORE.items():
            migrate(environment, *target)
        with psycopg.connect(postgresql.url, autocommit=True) as connection:
            for first in range(0, entries, STEP):
                connection.execute(FILL.format(players=PLAYERS, first=first, last=min(first + STEP, entries) - 1))  # type: ignore[arg-type]
        print(f"{entries} entries, {measure_log(postgresql.url):.2f} GB", flush=True)
        for app, name in pending(environment):
            writer = Writer(postgresql.url)
            writer.start()
            began = time.monotonic()
            migrate(environment, app, name)
            seconds = time.monotonic() - began
            waited, size = writer.stop(), measure_log(postgresql.url)
            print(
                f"{app}.{name}: {seconds:.1f} s, longest wait of a writer {waited * 1000:.0f} ms, {size:.2f} GB",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
