"""The one table: every row a ratio to the reference of its group, measured in the same run."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.costs import Spent

HEADINGS = (
    *("what", "per second", "ratio", "web CPU", "PostgreSQL CPU", "Valkey CPU"),
    *("p50 ms", "p99 ms", "web MiB", "note"),
)
EXPLANATION = "CPU in seconds per 1 000 operations (milliseconds each), from the operating system. Ratio: rate against the row marked 1.00."


@dataclass(slots=True)
class Row:
    """One measurement. What was not measured is None and printed as nothing."""

    group: str
    name: str
    rate: float | None = None
    operations: int = 0
    spent: Spent | None = None
    p50: float | None = None
    p99: float | None = None
    note: str = ""
    #: What others in the group are compared with.
    is_reference: bool = False
    #: Another row of the group to compare with, by name, instead of the reference.
    against: str = ""
    #: What grew and how far, for the plot.
    place: tuple[str, int] | None = None
    #: For what is right or wrong rather than more or less.
    passed: bool | None = None

    def cells(self, reference: float | None) -> tuple[str, ...]:
        spent = self.spent
        per = 1000 / self.operations if self.operations else 0
        return (
            self.name,
            figure(self.rate, 0),
            figure(self.rate / reference, 2) if self.rate is not None and reference else "",
            figure(spent.web * per if spent and per else None, 3),
            figure(spent.postgresql * per if spent and per else None, 3),
            figure(spent.valkey * per if spent and per else None, 3),
            figure(self.p50, 1),
            figure(self.p99, 1),
            figure(spent.memory if spent else None, 0),
            self.note if self.passed is None else f"{'passed' if self.passed else 'FAILED'}: {self.note}",
        )


def figure(value: float | None, digits: int) -> str:
    return "" if value is None or math.isnan(value) else f"{value:,.{digits}f}".replace(",", " ")


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0..1) of all do not exceed; not a number where there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def lines(rows: Iterable[Row]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Per group, in order of appearance, its name and the cells of its rows."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    result = []
    for name, members in groups.items():
        rates = {row.name: row.rate for row in members}
        reference = next((row.rate for row in members if row.is_reference), None)
        result.append(
            (name, [row.cells(rates.get(row.against, reference) if row.against else reference) for row in members])
        )
    return result


def as_text(rows: Iterable[Row]) -> str:
    groups = lines(rows)
    widths = [
        max(len(heading), *(len(cells[column]) for _, members in groups for cells in members))
        for column, heading in enumerate(HEADINGS)
    ]
    written = [EXPLANATION, "", _pad(HEADINGS, widths)]
    for name, members in groups:
        written += ["", f"-- {name}", *(_pad(cells, widths) for cells in members)]
    return "\n".join(written)


def as_markdown(rows: Iterable[Row]) -> str:
    written = []
    for name, members in lines(rows):
        written += [
            f"**{name}**",
            "",
            f"| {' | '.join(HEADINGS)} |",
            f"|---|{'---:|' * (len(HEADINGS) - 2)}---|",
            *(f"| {' | '.join(cells)} |" for cells in members),
            "",
        ]
    return "\n".join(written)


def _pad(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, last = cells[0].ljust(widths[0]), cells[-1]
    middle = (cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True))
    return "  ".join([first, *middle, last]).rstrip()
