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

from benchmarks.following import Watched
from benchmarks.load import Load, Outcome, make_updates
from benchmarks.measuring import Sizes, measure, merge
from benchmarks.stage import ACTION, MARKER, Player, Stage, address
from benchmarks.table import Row
from benchmarks.viewers import Viewers
from tests.support.processes import Server

GROUP = "Stress"
WATCHING = 50
HEAL_SECONDS = 6
ANSWER_SECONDS = 5.5
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
    strike: Callable[[], None]
    seconds: float


def run(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    seconds, lock = sizes.fault_seconds, sizes.lock_seconds
    faults = [
        Fault("Valkey down and back", lambda: _without_valkey(stage, seconds), seconds),
        Fault("Valkey flushed", lambda: redis.Redis.from_url(stage.valkey.url).flushall(), 0),
        Fault("PostgreSQL restarted", stage.postgresql.restart, seconds),
        Fault(
            "PostgreSQL's sessions ended, in the middle of transactions", lambda: _end_sessions(stage, seconds), seconds
        ),
        Fault(f"a lock held for {lock:.0f} s", lambda: _lock(stage, lock), lock),
        Fault("PostgreSQL's connections used up", lambda: _use_up_connections(stage, seconds), seconds),
        Fault("PostgreSQL read-only", lambda: _make_read_only(stage, seconds), seconds),
    ]
    with stage.serve(2) as web, Viewers([address(web)], processes=1) as viewers:
        watched = Watched(stage, sizes, GROUP, web, players, viewers, stage.postgresql.url)
        for fault in faults:
            yield _suffer(watched, fault)
        yield _fill_disk(watched)


def _suffer(watched: Watched, fault: Fault) -> Row:
    stage, web, players, viewers = watched.stage, watched.web, watched.players, watched.viewers
    before, told = stage.count(AWARDS), _count_tracebacks(web)
    healed = 0.0

    def strike() -> None:
        nonlocal healed
        time.sleep(1)
        fault.strike()
        healed = time.monotonic()

    # Those who were let go come back, as pages do.
    viewers.connect(WATCHING - viewers.look().open)
    viewers.reset()
    seconds = fault.seconds + watched.sizes.after_seconds
    loads = [_load(web, players[1:], ACTION, 8, 60, seconds), _load(web, players[:1], MARKER, 1, 10, seconds)]
    outcomes, _ = measure(stage, [web], loads, during=strike)
    # Frames are at most a tenth of a second apart; what comes later than this was lost.
    time.sleep(1)
    seen = viewers.look()
    boards = sum(count for (_, after), (count, _) in seen.steps.items() if after == max(a for _, a in seen.steps))
    tracebacks = _count_tracebacks(web) - told
    return _judge(fault, merge(outcomes), healed, stage.count(AWARDS) - before, boards, tracebacks)


def _count_tracebacks(web: Server) -> int:
    return web.log.count("Traceback")


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


def _without_valkey(stage: Stage, seconds: float) -> None:
    stage.valkey.stop()
    time.sleep(seconds)
    stage.valkey.start()


def _end_sessions(stage: Stage, seconds: float) -> None:
    with stage.connect() as connection:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.execute(OTHERS)
            time.sleep(0.1)


def _lock(stage: Stage, seconds: float) -> None:
    with stage.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE scores_score IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)


def _use_up_connections(stage: Stage, seconds: float) -> None:
    url = f"{stage.postgresql.url}?application_name={OURS}"
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(stage.connect(url))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                stack.enter_context(stage.connect(url))
                continue
            # Full: the server's own sessions end, and whoever is quicker gets their places.
            connection.execute(OTHERS)


def _make_read_only(stage: Stage, seconds: float) -> None:
    with stage.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        try:
            connection.execute("SELECT pg_reload_conf()")
            time.sleep(seconds)
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def _fill_disk(watched: Watched) -> Row:
    """The log's table moves to a small disk of its own, which is filled up for a while."""
    name, stage, seconds = "disk full under the log", watched.stage, watched.sizes.fault_seconds
    disk = stage.postgresql.folder / "small-disk"
    disk.mkdir()
    size = stage.count("SELECT pg_table_size('audit_auditentry')") + 2_000_000
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        return Row(GROUP, name, note="not tried: only root may make a small disk")
    try:
        return _suffer_full_disk(watched, Fault(name, lambda: _fill(disk, seconds), seconds), disk)
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def _suffer_full_disk(watched: Watched, fault: Fault, disk: Path) -> Row:
    stage, space = watched.stage, disk / "space"
    space.mkdir()
    if stage.postgresql.user:
        shutil.chown(space, stage.postgresql.user)
    with stage.connect() as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'".encode())
        connection.execute("ALTER TABLE audit_auditentry SET TABLESPACE small")
    try:
        return _suffer(watched, fault)
    finally:
        with stage.connect() as connection:
            connection.execute("ALTER TABLE audit_auditentry SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")


def _fill(disk: Path, seconds: float) -> None:
    filler = disk / "filler"
    end = time.monotonic() + seconds
    with filler.open("wb", buffering=0) as file:
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                file.write(bytes(4096))
                continue
            time.sleep(0.05)
    filler.unlink()
