"""Rows as the pages' table shows them: with the bar that says how they compare with the leader."""

from collections.abc import Iterable

from scores.board.standings import BoardRow


class ShownRow(BoardRow):
    """A row with the length of its bar, in percent."""

    share: int


def measure_rows(rows: Iterable[BoardRow], leader: int | None = None, *, ascending: bool = False) -> list[ShownRow]:
    """Give each row the length of its bar beside the leader's, the first row's unless it is named."""
    measured: list[ShownRow] = []
    for row in rows:
        leader = row["score"] if leader is None else leader
        measured.append({**row, "share": _compare(row["score"], leader, ascending=ascending)})
    return measured


def _compare(score: int, leader: int, *, ascending: bool) -> int:
    """The least time has the longest bar; nothing is shorter than nothing, where somebody has less than none."""
    part, whole = (leader, score) if ascending else (score, leader)
    return round(min(1.0, max(0.0, part / whole)) * 100) if whole else 0
