"""Stress: what lies below the server fails under load. 503 with Retry-After where it must be, nothing lost, right again soon."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from benchmarks.load import Load, Outcome, make_updates
from benchmarks.measuring import Sizes, measure
from benchmarks.stage import ACTION, MARKER, Player, Stage, address
from benchmarks.table import Row
from benchmarks.viewers import Viewers
from tests.support.processes import Server

GROUP = "Stress"
WATCHING = 50
HEAL_SECONDS = 6
ANSWER_SECONDS = 5.5
#: How long a fault lasts where its length is ours to choose.
FAULT_SECONDS = 4
AWARDS = "SELECT count(*) FROM audit_auditentry WHERE kind = 'award'"
#: Who uses up the connections is spared.
OURS = "scoreboard-bench"
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE usename = current_user AND pid <> pg_backend_pid() AND application_name <> 'scoreboard-bench'"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens and is over when `strike` returns."""

    name: str
    strike: Callable[[Stage], None]
    seconds: float = FAULT_SECONDS


def run(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    faults = [
        Fault("Valkey down and back", _without_valkey),
        Fault("Valkey flushed", lambda stage: redis.Redis.from_url(stage.valkey.url).flushall(), 0),
        Fault("PostgreSQL restarted", lambda stage: stage.postgresql.restart()),
        Fault("PostgreSQL's sessions ended, in the middle of transactions", _end_sessions),
        Fault(f"a lock held for {sizes.lock_seconds:.0f} s", lambda stage: _lock(stage, sizes), sizes.lock_seconds),
        Fault("PostgreSQL's connections used up", _use_up_connections),
        Fault("PostgreSQL read-only", _make_read_only),
    ]
    for fault in faults:
        yield _suffer(stage, players, fault)
    yield _fill_disk(stage, players)


def _suffer(stage: Stage, players: Sequence[Player], fault: Fault) -> Row:
    before = stage.count(AWARDS)
    healed = 0.0

    def strike() -> None:
        nonlocal healed
        time.sleep(1)
        fault.strike(stage)
        healed = time.monotonic()

    with stage.serve(2) as web, Viewers([address(web)], processes=1) as viewers:
        viewers.connect(WATCHING)
        seconds = fault.seconds + HEAL_SECONDS + 4
        loads = [_load(web, players[1:], ACTION, 8, 60, seconds), _load(web, players[:1], MARKER, 1, 10, seconds)]
        outcomes, _ = measure(stage, [web], loads, during=strike)
        # Frames are at most a tenth of a second apart; what comes later than this was lost.
        time.sleep(1)
        seen = viewers.look()
        boards = sum(count for (_, after), (count, _) in seen.steps.items() if after == max(a for _, a in seen.steps))
        errors = [line for line in web.log.splitlines() if "Traceback" in line]
    total = Outcome()
    for outcome in outcomes:
        total.add(outcome)
    return _judge(fault, total, healed, stage.count(AWARDS) - before, boards, len(errors))


def _judge(fault: Fault, total: Outcome, healed: float, entries: int, boards: int, tracebacks: int) -> Row:
    silent = sum(b"retry-after" not in refusal.answer.lower() for refusal in total.refusals)
    last = max((refusal.at for refusal in total.refusals), default=healed)
    slowest = max((refusal.seconds for refusal in total.refusals), default=0.0)
    statuses = ", ".join(f"{count} x {status or 'none'}" for status, count in sorted(total.statuses.items()))
    return Row(
        GROUP,
        fault.name,
        note=f"{statuses}; refused within {slowest:.1f} s; last refusal {max(0.0, last - healed):.1f} s after the end; "
        f"{total.good} acknowledged, {entries} entries; {boards} of {WATCHING} boards right; {tracebacks} tracebacks",
        passed=set(total.statuses) <= {200, 503}
        and not silent
        and slowest <= ANSWER_SECONDS
        and last - healed <= HEAL_SECONDS
        and entries == total.good
        and boards == WATCHING,
    )


def _load(web: Server, players: Sequence[Player], action: str, connections: int, rate: float, seconds: float) -> Load:
    heads, body = make_updates((player.token for player in players), action)
    return Load([address(web)], heads, seconds, connections, body, keyed=True, rate=rate, retry=True)


def _without_valkey(stage: Stage) -> None:
    stage.valkey.stop()
    time.sleep(FAULT_SECONDS)
    stage.valkey.start()


def _end_sessions(stage: Stage) -> None:
    with stage.connect() as connection:
        end = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < end:
            connection.execute(OTHERS)
            time.sleep(0.1)


def _lock(stage: Stage, sizes: Sizes) -> None:
    with stage.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE scores_score IN ACCESS EXCLUSIVE MODE")
        time.sleep(sizes.lock_seconds)


def _use_up_connections(stage: Stage) -> None:
    url = f"{stage.postgresql.url}?application_name={OURS}"
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(stage.connect(url))
        end = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                stack.enter_context(stage.connect(url))
                continue
            # Full: the server's own sessions end, and whoever is quicker gets their places.
            connection.execute(OTHERS)


def _make_read_only(stage: Stage) -> None:
    with stage.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        try:
            connection.execute("SELECT pg_reload_conf()")
            time.sleep(FAULT_SECONDS)
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def _fill_disk(stage: Stage, players: Sequence[Player]) -> Row:
    """The log's table moves to a small disk of its own, which is filled up for a while."""
    name = "disk full under the log"
    disk = stage.postgresql.folder / "small-disk"
    disk.mkdir()
    size = stage.count("SELECT pg_table_size('audit_auditentry')") + 2_000_000
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        return Row(GROUP, name, note="not tried: only root may make a small disk")
    try:
        return _suffer_full_disk(stage, players, Fault(name, lambda _: _fill(disk)), disk)
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def _suffer_full_disk(stage: Stage, players: Sequence[Player], fault: Fault, disk: Path) -> Row:
    space = disk / "space"
    space.mkdir()
    if stage.postgresql.user:
        shutil.chown(space, stage.postgresql.user)
    with stage.connect() as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'".encode())
        connection.execute("ALTER TABLE audit_auditentry SET TABLESPACE small")
    try:
        return _suffer(stage, players, fault)
    finally:
        with stage.connect() as connection:
            connection.execute("ALTER TABLE audit_auditentry SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")


def _fill(disk: Path) -> None:
    filler = disk / "filler"
    end = time.monotonic() + FAULT_SECONDS
    with filler.open("wb", buffering=0) as file:
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                file.write(bytes(4096))
                continue
            time.sleep(0.05)
    filler.unlink()
