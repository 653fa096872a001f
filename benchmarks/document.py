"""Writes what was measured into a document: a section for each part, in place of the one that an earlier run wrote."""

import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import django
import psutil

from benchmarks.plot import draw
from benchmarks.table import EXPLANATION, Row, as_markdown

INTRODUCTION = f"""# Performance

What `./dev bench --write docs/performance.md` measured; `benchmarks/README.md` says how. Clients, web processes, PostgreSQL
and Valkey shared one machine, so rates say how much of it a thing takes, and ratios within one run say more than rates.
{EXPLANATION}
"""


def write(path: Path, parts: Mapping[str, Sequence[Row]]) -> None:
    text = path.read_text(encoding="utf-8") if path.exists() else INTRODUCTION
    for name, rows in parts.items():
        text = _replace_section(text, name.capitalize(), _section(path, rows))
    path.write_text(text.rstrip() + "\n", encoding="utf-8")


def _section(path: Path, rows: Sequence[Row]) -> str:
    picture = draw(rows)
    if picture:
        path.with_suffix(".svg").write_text(picture, encoding="utf-8")
        picture = (
            f"![Updates per second as players, viewers, connections, the log and boards grow]({path.stem}.svg)\n\n"
        )
    return f"{_machine()}\n\n{picture}{as_markdown(rows)}"


def _replace_section(text: str, title: str, body: str) -> str:
    section = f"## {title}\n\n{body.strip()}\n\n"
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.M | re.S)
    return f"{text[: found.start()]}{section}{text[found.end() :]}" if found else f"{text.rstrip()}\n\n{section}"


def _machine() -> str:
    today = datetime.now(UTC).date().isoformat()
    gibibytes = psutil.virtual_memory().total / 2**30
    return (
        f"{today}, {psutil.cpu_count()} cores, {gibibytes:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Django {django.__version__}."
    )
