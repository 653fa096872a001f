"""The floor: what PostgreSQL alone reaches with an update's two statements, driven by pgbench, which costs next to nothing."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.costs import Meter
from benchmarks.measuring import Sizes
from benchmarks.population import PLAYERS, grow
from benchmarks.stage import PREPARED, Stage
from benchmarks.table import Row, percentile
from tests.support.processes import ServerError, as_user

PLAYERS_OF_THE_FLOOR = 1000

#: The update path's own statements, how they are planned, and what stands for each of the statements' parameters, in order.
PRINT_STATEMENTS = (
    "import json; from scores.awards.compare_and_swap import PLANNING, READ, WRITE; "
    "print(json.dumps([READ, WRITE, {**PLANNING, 'jit': 'off'}]))"
)
PLAYER, REF = "md5((:n)::text)::uuid", "'k:' || (:key)::text"
NOW = "(:now)::bigint"
READ_PARAMETERS = (f"ARRAY[{PLAYER}]", f"ARRAY[{REF}]", "ARRAY['daily-quiz']")
KNOWN = "score.points AS was_points, score.seq AS was_seq, score.head AS was_head, score.name AS was_name"
HASH = "repeat('a', 64)"
CONTEXT = """'{"address": "192.0.2.1", "agent": "", "request": "e9f4b9c6f5614e1b8f5d3c7e5b6c2a10",
    "token": "5a1d0a4c1e8b4c0f9b7c6f1f3e2d1c0b", "salt": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}'"""
MOVE = (
    *(PLAYER, "(:was_name)::text", "(:was_seq)::bigint", "(:was_head)::text"),
    *("(:was_points)::bigint + 10", "(:was_seq)::bigint + 1", HASH, "now()"),
)
ENTRY = (
    *(
        PLAYER,
        "(:was_seq)::bigint + 1",
        "'ledger-1'",
        "'award'",
        "10",
        "(:was_points)::bigint + 10",
        "NULL",
        "'daily-quiz'",
        REF,
    ),
    *(f"({PLAYER})::text", NOW),
)
#: Its detail, prev and mac, in hex.
HASHES = (HASH, "(:was_head)::text", HASH)
#: On the main board alone, whose version is read with the rest.
STANDING = (PLAYER, "0", "(:was_points)::bigint + 10", "now()", "(:was_seq)::bigint + 1")
REPLACING, BEST = "ARRAY[0]", "ARRAY[]"
WRITE_PARAMETERS = (
    *(f"ARRAY[{value}]" for value in MOVE),
    "(:boards_version)::bigint",
    *(f"ARRAY[{value}]" for value in STANDING),
    *(REPLACING, BEST),
    *(f"ARRAY[{value}]" for value in ENTRY),
)


def make_script(read: str, write: str) -> str:
    """What awards that come together do, for one at a time: two statements, each committed by itself."""
    read = read.replace("\nFROM unnest", f", {KNOWN}\nFROM unnest", 1)
    # A commit to compare with may keep hashes as text.
    hashes = [f"decode({value}, 'hex')" for value in HASHES] if "bytea" in write else HASHES
    parameters = (*WRITE_PARAMETERS, *(f"ARRAY[{value}]" for value in (*hashes, CONTEXT)))
    return (
        "\\set n random(1, :players)\n\\set key random(1, 9000000000000000000)\n\\set now 1900000000000000\n"
        f"{_fill_in(read, READ_PARAMETERS)} \\gset\n{_fill_in(write, parameters)};\n"
    )


def _fill_in(statement: str, parameters: Sequence[str]) -> str:
    pieces = re.split("%[sb]", statement.strip())
    if len(pieces) != len(parameters) + 1:
        raise ServerError("The update's statements have changed: bring benchmarks/floor.py up to them.")
    filled = "".join(part for pair in zip(pieces, [*parameters, ""], strict=True) for part in pair)
    return filled.replace("%%", "%")


def measure_floor(stage: Stage, sizes: Sizes, group: str) -> Row:
    """pgbench on a database of its own with the same tables."""
    name = f"pgbench, the two statements, {sizes.connections} sessions"
    pgbench = stage.postgresql.bin / "pgbench"
    if not pgbench.exists():
        return Row(group, name, note="pgbench was not found beside PostgreSQL (Debian: postgresql-contrib)")
    url = stage.postgresql.create_database("floor", template=PREPARED)
    grow(url, PLAYERS, PLAYERS_OF_THE_FLOOR)
    folder = stage.postgresql.folder
    read, write, planning = json.loads(stage.manage("shell", "--no-imports", "-c", PRINT_STATEMENTS))
    (folder / "floor.sql").write_text(make_script(read, write), encoding="utf-8")
    meter = Meter(stage, [])
    meter.start()
    _run(
        stage,
        [str(pgbench), "-n", "-M", "prepared", "-T", f"{max(1, round(sizes.seconds))}", "-l"],
        url,
        folder,
        sizes,
        planning,
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
        note="the floor, one award at a time: no token, limit, key, MAC or HTTP",
    )


def _run(stage: Stage, command: list[str], url: str, folder: Path, sizes: Sizes, planning: Mapping[str, str]) -> None:
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
        env={**os.environ, "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in planning.items())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **as_user(stage.postgresql.user),
    )
    if done.returncode:
        raise ServerError(f"pgbench failed:\n{done.stderr[-2000:]}")
