"""The floor: what PostgreSQL alone reaches with an update's two statements, driven by pgbench, which costs next to nothing."""

import subprocess
from pathlib import Path

from benchmarks.costs import Meter
from benchmarks.measuring import Sizes
from benchmarks.population import PLAYERS, grow
from benchmarks.stage import Stage
from benchmarks.table import Row, percentile
from tests.processes import ServerError, as_user

PLAYERS_OF_THE_FLOOR = 1000

#: As the update path does it: read where the chain ends, then move the score if it still ends there, and log that, in one.
SCRIPT = """
\\set n random(1, :players)
SELECT score.id, score.seq AS seq, score.points AS points, score.head AS head, score.frozen, score.name, player.is_active,
       player.password, action.points AS worth, action.seal, entry.mac, entry.at_us
FROM scores_score AS score JOIN auth_user AS player ON player.id = score.user_id
LEFT JOIN scores_action AS action ON action.slug = 'daily-quiz'
LEFT JOIN audit_auditentry AS entry ON entry.player = score.id AND entry.seq = score.seq
WHERE score.id = md5((:n)::text)::uuid \\gset
WITH moved AS (
    UPDATE scores_score SET points = points + 10, seq = seq + 1, head = repeat('b', 64), reached_at = now()
    WHERE id = md5((:n)::text)::uuid AND seq = :seq AND NOT frozen RETURNING id
)
INSERT INTO audit_auditentry
    (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
SELECT id, :seq + 1, 'ledger-1', 'award', 10, :points + 10, 'daily-quiz',
       'k:' || id || ':' || md5(random()::text) || md5(random()::text), id::text, 1700000000000000 + :seq,
       repeat('d', 64), repeat('a', 64), repeat('b', 64),
       '{"address": "192.0.2.1", "agent": "", "request": "e9f4b9c6f5614e1b8f5d3c7e5b6c2a10",
         "token": "5a1d0a4c1e8b4c0f9b7c6f1f3e2d1c0b", "salt": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}'::jsonb
FROM moved;
"""


def measure_floor(stage: Stage, sizes: Sizes, group: str) -> Row:
    """pgbench on a database of its own with the same tables."""
    name = f"pgbench, the two statements, {sizes.connections} sessions"
    pgbench = stage.postgresql.bin / "pgbench"
    if not pgbench.exists():
        return Row(group, name, note="pgbench was not found beside PostgreSQL (Debian: postgresql-contrib)")
    url = stage.postgresql.create_database("floor")
    stage.manage("migrate", "--verbosity", "0", DATABASE_URL=url)
    stage.manage("make_action", "daily-quiz", "--points", "10", DATABASE_URL=url)
    grow(url, PLAYERS, PLAYERS_OF_THE_FLOOR)
    folder = stage.postgresql.folder
    (folder / "floor.sql").write_text(SCRIPT, encoding="utf-8")
    meter = Meter(stage, [])
    meter.start()
    _run(
        stage, [str(pgbench), "-n", "-M", "prepared", "-T", f"{max(1, round(sizes.seconds))}", "-l"], url, folder, sizes
    )
    spent = meter.stop()
    # Microseconds, the third column of each transaction's line.
    latencies = [int(line.split()[2]) / 1000 for path in folder.glob("floor.log.*") for line in path.open()]
    rate = len(latencies) / max(1, round(sizes.seconds))
    return Row(
        group,
        name,
        rate=rate,
        operations=len(latencies),
        spent=spent,
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        note="the floor: no token, limit, key, MAC or HTTP",
    )


def _run(stage: Stage, command: list[str], url: str, folder: Path, sizes: Sizes) -> None:
    options = [
        "-D",
        f"players={PLAYERS_OF_THE_FLOOR}",
        "-c",
        str(sizes.connections),
        "-j",
        "1",
        "--log-prefix",
        str(folder / "floor.log"),
    ]
    done = subprocess.run(
        [*command, *options, "-f", str(folder / "floor.sql"), url],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **as_user(stage.postgresql.user),
    )
    if done.returncode:
        raise ServerError(f"pgbench failed:\n{done.stderr[-2000:]}")
