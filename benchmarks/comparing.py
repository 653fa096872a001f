"""Two commits side by side in one run: `./dev bench --quick --against COMMIT`.

The other one's product in a folder of its own, under these benchmarks, so that both meet the same load. Part by part, first this one
and then the other: what the machine does meanwhile happens to both.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.costs import Spent
from benchmarks.table import Row, figure
from tests.support.processes import ROOT, ServerError

#: What measures, and is the same for both.
OURS = ("benchmarks", "tests/support")
HEADINGS = ("what", "per second", "other", "ratio", "web CPU", "other", "ratio", "p99 ms", "other")


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The folder of another commit for as long as the `with` lasts, with our own benchmarks in it. Raises ServerError for none."""
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder:
        # A name that no other working tree has.
        other = Path(folder) / Path(folder).name
        _git("worktree", "add", "--detach", str(other), commit)
        try:
            for name in OURS:
                shutil.rmtree(other / name, ignore_errors=True)
                shutil.copytree(ROOT / name, other / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            yield other
        finally:
            _git("worktree", "remove", "--force", str(other))


def measure_other(folder: Path, part: str, options: Sequence[str]) -> list[Row]:
    """The rows of a part of the commit that lies there. Raises ServerError where it did not come to its end."""
    found = folder / "rows.json"
    command = [sys.executable, "-m", "benchmarks.run", "--only", part, "--rows", str(found), *options]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if not found.exists():
        raise ServerError(f"the other commit was not measured:\n{done.stderr[-2000:]}")
    return read_rows(found)


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Write rows for another process to read."""
    file.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")


def read_rows(file: Path) -> list[Row]:
    """Read what `write_rows` wrote."""
    return [
        Row(**{**row, "spent": row["spent"] and Spent(**row["spent"]), "place": row["place"] and tuple(row["place"])})
        for row in json.loads(file.read_text(encoding="utf-8"))
    ]


def as_text(ours: Sequence[Row], others: Sequence[Row]) -> str:
    """Both in one table, by group and name; a ratio over 1.00 says that ours is more."""
    by_name = {(row.group, row.name): row for row in others}
    table: list[tuple[str, ...]] = [HEADINGS]
    group = ""
    for row in ours:
        if row.group != group:
            group = row.group
            table.append((f"-- {group}", *[""] * (len(HEADINGS) - 1)))
        table.append(_cells(row, by_name.get((row.group, row.name), Row(row.group, row.name))))
    widths = [
        max(len(cells[column]) for cells in table if not cells[0].startswith("--")) for column in range(len(HEADINGS))
    ]
    lines = ("  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]).rstrip() for cells in table)
    return "\n".join(lines)


def _cells(row: Row, other: Row) -> tuple[str, ...]:
    rates, costs = (row.rate, other.rate), (_web_cpu(row), _web_cpu(other))
    return (
        row.name,
        *(figure(rate, 0) for rate in rates), _ratio(*rates),
        *(figure(cost, 3) for cost in costs), _ratio(*costs),
        figure(row.p99, 1), figure(other.p99, 1),
    )  # fmt: skip


def _web_cpu(row: Row) -> float | None:
    return 1000 * row.spent.web / row.operations if row.spent and row.operations else None


def _ratio(one: float | None, other: float | None) -> str:
    return figure(one / other, 2) if one and other else ""


def _git(*words: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"git {words[0]} {words[1]} failed: {done.stderr.strip()}")
