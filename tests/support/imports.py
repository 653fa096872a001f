"""Files of scores, and what an import of one leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from audit.models import AuditEntry
from scores.models import Standing
from scores.transfer.importing import carry_out, plan_import
from scores.transfer.score_file import read_score_file

WHY = {"source": "the old board", "reason": "we moved", "actor": "system"}


def write_scores(folder: Path, *lines: str, header: str = "name,points", name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in (header, *lines)), encoding="utf-8")
    return path


def import_file(path: Path, said: list[str] | None = None, **why: Any) -> None:
    """Import a file; what is said while it is written is added to `said`."""
    carry_out(plan_import(read_score_file(path), **{**WHY, **why}), say=(said if said is not None else []).append)


def read_imports() -> list[tuple[str, int, int]]:
    """Name, points and line of each import, in the order of time."""
    entries = AuditEntry.objects.filter(kind="import").order_by("at_us")
    names = dict(Standing.objects.filter(period=0).values_list("player", "player__name"))
    return [(names[entry.player], entry.delta, int((entry.ref or "").rpartition(":")[2])) for entry in entries]


def read_board() -> Sequence[tuple[UUID, str, int]]:
    """Who stands on the main board, in order: id, name and points."""
    return list(Standing.objects.ranked().values_list("player", "player__name", "points"))
