"""Boards and seasons made as the application makes them, and all that a refused change of them must leave alone."""

from typing import Any

from scores.counting import definitions
from scores.counting.definitions import BoardTerms
from scores.models import Board, BoardsVersion, Period, Standing
from tests.support.acting import read_state

#: Counts all of every day, in UTC.
TERMS: BoardTerms = {"slug": "today", "label": "Today", "counts": "*", "rule": "sum", "span": "day"}


def define(**changes: Any) -> Board:
    """Make a board that counts all of every day, but for these changes."""
    return definitions.make_board(actor="system", **{**TERMS, **changes})


def read_definitions() -> list[Any]:
    """Everything that a change of boards may change."""
    tables = (Board, Period, Standing, BoardsVersion)
    return [read_state(), *(list(table.objects.order_by("pk").values()) for table in tables)]
