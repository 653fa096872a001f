"""Boards and periods against their seals, the system chain and the calendar; their version, and how ranks are counted."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from django.db import connection

from audit.queries import CHUNK, system_records
from audit.verification import Finding
from scores.board_models import MAIN, MAIN_BOARD, MAIN_PERIOD
from scores.counting import spans
from scores.counting.definitions import BOARD
from scores.counting.definitions import describe_terms as describe_board
from scores.counting.periods import PERIOD, describe_period
from scores.counting.rules import EVERYTHING
from scores.counting.spans import Bounds
from scores.integrity.catalogue_check import find_fault_of_seal
from scores.models import Board, BoardsVersion, Period

#: What the main board and its period are in every database: no entry says so.
BUILT_IN_BOARD = {
    "slug": MAIN, "label": "All time", "counts": EVERYTHING, "rule": "sum", "ascending": False, "span": "all", "zone": "UTC",
    "enabled": True, "since_us": 0, "filling": False, "change": 0,
}  # fmt: skip
BUILT_IN_PERIOD = {"board_id": MAIN_BOARD, "name": spans.ALL, "starts_us": 0, "ends_us": None, "change": 0}
#: Each range of ranks, those not swept yet taken in, against who stands in it; number 0 is before the first one.
MISCOUNTED = """
WITH places AS (
    SELECT period, minus_points, reached_at, player, 0 AS turn, players AS counted, 0 AS standing FROM scores_rankrange
    UNION ALL SELECT period, minus_points, reached_at, player, 1, change, 0 FROM scores_rankstep
    UNION ALL SELECT period_id, -points, reached_at, player_id, 1, 0, 1 FROM scores_standing WHERE NOT hidden
), ranges AS (
    SELECT period, counted, standing, count(*) FILTER (WHERE turn = 0) OVER (
        PARTITION BY period ORDER BY minus_points, reached_at, player, turn
    ) AS number FROM places
)
SELECT period, number, sum(counted), sum(standing) FROM ranges
GROUP BY period, number HAVING sum(counted) <> sum(standing) ORDER BY period, number
"""
#: Where the first range of each period begins: before anybody can stand.
OPENING = """
SELECT * FROM (
    SELECT DISTINCT ON (period) period, (minus_points, reached_at, player) = (
        -9223372036854775807, timestamptz '1970-01-01 00:00+00', uuid '00000000-0000-0000-0000-000000000000'
    ) AS is_open FROM scores_rankrange ORDER BY period, minus_points, reached_at, player
) first WHERE NOT is_open
"""


class Change(NamedTuple):
    """The newest entry of the system chain about a board or a period: its number, and what it says the row is."""

    seq: int
    after: str


def check_boards() -> Iterator[Finding]:
    """Check definitions, calendar, version and rank counts; where players stand checks `standings_check`."""
    if not _is_untouched():
        yield from _check_definitions()
        yield from _check_periods()
        yield from _check_version()
    if connection.vendor == "postgresql":  # elsewhere ranks are counted when they are asked for
        yield from _check_ranks()


def _is_untouched() -> bool:
    """Whether all of it was emptied, as by a flush, and nobody counted since: the first who does makes what is built in."""
    is_empty = not any(model.objects.exists() for model in (Board, Period, BoardsVersion))
    return is_empty and not any(True for prefix in (BOARD, PERIOD) for _ in _read_changes(prefix))


def _read_changes(prefix: str) -> Iterator[tuple[str, Change]]:
    """Of each change in order: the slug of the board, and what it became."""
    for entry in system_records().filter(action__startswith=prefix).iterator(CHUNK):
        yield entry.action.removeprefix(prefix), Change(entry.seq, (entry.context or {}).get("after", ""))


def _check_definitions() -> Iterator[Finding]:
    boards = {board.slug: board for board in Board.objects.all()}
    newest = dict(_read_changes(BOARD))
    main = boards.pop(MAIN, None)
    if main is None or main.pk != MAIN_BOARD or not _is_as(main, BUILT_IN_BOARD):
        yield Finding("board", f"board {MAIN!r} is not as it is built in")
    elif main.seal and (
        fault := find_fault_of_seal(f"board {MAIN!r}", main)
    ):  # the one of the first migration has none
        yield Finding("board", fault)
    for slug in sorted(boards.keys() | newest.keys()):
        yield from _check_definition(slug, boards.get(slug), newest.get(slug))


def _check_definition(slug: str, board: Board | None, change: Change | None) -> Iterator[Finding]:
    if board is None or change is None:
        yield Finding("board", f"board {slug!r} was {'removed' if board is None else 'added'}, which no entry says")
    elif fault := find_fault_of_seal(f"board {slug!r}", board):
        yield Finding("board", fault)
    elif board.change != change.seq or change.after != describe_board(board):
        yield Finding("board", f"board {slug!r} is not what entry {change.seq} of the system chain made it")
    elif board.filling:
        text = f"board {slug!r} is not filled from the log yet: where players stand on it cannot be verified"
        yield Finding("board", text)


def _check_periods() -> Iterator[Finding]:
    newest = {(slug, _read_name(change)): change for slug, change in _read_changes(PERIOD)}
    boards = Board.objects.in_bulk()
    stored = Period.objects.order_by("board_id", "starts_us", "pk")
    main = stored.filter(board=MAIN_BOARD)
    if [period.pk for period in main if _is_as(period, BUILT_IN_PERIOD)] != [MAIN_PERIOD] or main.count() != 1:
        yield Finding("period", f"the period of board {MAIN!r} is not as it is built in")
    others = stored.exclude(board=MAIN_BOARD).exclude(pk=MAIN_PERIOD)
    for number, periods in groupby(others.iterator(CHUNK), lambda period: period.board_id):
        board, before = boards.get(number), None
        for period in periods:
            yield from _check_period(board, before, period, newest)
            before = period
    for slug, name in sorted(newest):
        yield Finding("period", f"period {name!r} of board {slug!r} was removed, which no entry says")


def _check_period(
    board: Board | None, before: Period | None, period: Period, newest: dict[tuple[str, str], Change]
) -> Iterator[Finding]:
    """One period after the one before it; takes its change out of `newest`."""
    if board is None:
        yield Finding("period", f"period {period.name!r} is of no board")
        return
    subject = f"period {period.name!r} of board {board.slug!r}"
    change = newest.pop((board.slug, period.name), None)
    if change is None:
        yield Finding("period", f"{subject} was added, which no entry says")
    elif change.seq != period.change or change.after != describe_period(period):
        yield Finding("period", f"{subject} is not what entry {change.seq} of the system chain made it")
    if before is not None and (before.ends_us is None or before.ends_us > period.starts_us):
        yield Finding("period", f"{subject} begins before {before.name!r} ends")
    if board.span != Board.Span.SEASON:
        yield from _check_calendar(subject, board, before, period)


def _check_calendar(subject: str, board: Board, before: Period | None, period: Period) -> Iterator[Finding]:
    """The name is one of the calendar's, and neighbours meet. When they do, the log says: laws of zones change."""
    bounds = _find_bounds(board, period.name)
    if bounds is None:
        yield Finding("period", f"{subject} is no {board.span} of its zone")
        return
    earlier = None if before is None else _find_bounds(board, before.name)
    if before is None or earlier is None:
        return
    if earlier.starts_us >= bounds.starts_us:
        yield Finding("period", f"{subject} lies behind {before.name!r}, which the calendar says comes later")
    elif earlier.ends_us == bounds.starts_us and before.ends_us != period.starts_us:
        yield Finding("period", f"{subject} does not begin where {before.name!r} ends")


def _find_bounds(board: Board, name: str) -> Bounds | None:
    try:
        return spans.period_named(board.span, board.zone, name)
    except ValueError:  # no such span or zone: the board was changed
        return None


def _check_version() -> Iterator[Finding]:
    versions = dict(BoardsVersion.objects.values_list("pk", "version"))
    changes = system_records().filter(action__regex=f"^({BOARD}|{PERIOD})")
    newest_us = changes.order_by("-seq").values_list("at_us", flat=True).first() or 0
    if list(versions) != [0]:
        yield Finding("version", "the version of the boards is missing, or there are several")
    elif versions[0] < newest_us:
        yield Finding("version", "the version of the boards is older than their newest change")


def _check_ranks() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(MISCOUNTED)
        for period, number, counted, standing in cursor.fetchall():
            place = f"range {number} of the ranks" if number else "the ranks before the first range"
            yield Finding("ranks", f"{place} of period {period} count {counted} players, and {standing} stand there")
        cursor.execute(OPENING)
        for period, _ in cursor.fetchall():
            yield Finding(
                "ranks", f"the first range of the ranks of period {period} is not open to whoever overtakes all"
            )


def _read_name(change: Change) -> str:
    """Of a period, as `describe_period` writes it."""
    return change.after.removeprefix("name=").partition(" ")[0]


def _is_as(row: Board | Period, built_in: Mapping[str, object]) -> bool:
    return all(getattr(row, name) == value for name, value in built_in.items())
