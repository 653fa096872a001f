"""Finds the board and the period that somebody asks for by name: a stored period, or one of the calendar in which nobody counts yet."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db.models import Q

from audit.clock import ClockUs
from audit.models import CheckpointStatement
from audit.times import SECOND_US
from scores.board_models import MAIN_BOARD, Board, Period, covering
from scores.counting import spans
from scores.counting.spans import Bounds
from scores.errors import BoardFilling, UnknownBoard, UnknownPeriod

CURRENT, PREVIOUS = "current", "previous"
OPEN, CLOSING, CLOSED = "open", "closing", "closed"
#: So long after its end no statement that began within the period can still be at work: those end in 5 s.
CLOSING_US = 30 * SECOND_US
SLUG = re.compile(r"[a-z0-9-]{1,48}")
PERIOD_NAME = re.compile(r"[A-Za-z0-9-]{1,48}")


class PeriodView(NamedTuple):
    """A period as it was at `at_us`; times in microseconds since 1970. `id` is None where it is only in the calendar, and nobody in it.

    `amended` is how many statements followed its first one, `statement` the SHA-256 of the newest.
    """

    name: str
    starts_us: int
    ends_us: int | None
    state: str
    id: int | None
    at_us: int
    amended: int = 0
    statement: str | None = None


def find_board(slug: str) -> Board:
    """Find an enabled board. Raises UnknownBoard, BoardFilling while it is being filled from the log."""
    board, _ = read_board(slug)
    return board


def read_board(slug: str) -> tuple[Board, int]:
    """Find an enabled board, and what time it is by the log's clock, in microseconds since 1970. Raises what `find_board` raises."""
    found = read_boards([slug]) if SLUG.fullmatch(slug) else []
    if not found:
        raise UnknownBoard
    [(board, now_us)] = found
    if board.filling:
        raise BoardFilling
    return board, now_us


def read_boards(slugs: Collection[str] | None = None) -> list[tuple[Board, int]]:
    """Read the enabled boards of these slugs, or all, by slug; each with the present by the log's clock, in microseconds since 1970."""
    boards = Board.objects.filter(enabled=True).order_by("slug").annotate(now_us=ClockUs())
    if slugs is not None:
        boards = boards.filter(slug__in=[slug for slug in slugs if SLUG.fullmatch(slug)])
    return [(board, board.now_us) for board in boards]


def find_period(board: Board, name: str, now_us: int) -> PeriodView:
    """Find a period of a board by its name, or as `current` or `previous` at this time, in microseconds since 1970.

    Raises UnknownPeriod when the board has none of that name, as between seasons.
    """
    if name == PREVIOUS:
        return _find_previous(board, now_us)
    found = find_periods([(board, name)], now_us).get((board.slug, name))
    if found is None:
        raise UnknownPeriod
    return found


def find_periods(wanted: Collection[tuple[Board, str]], now_us: int) -> dict[tuple[str, str], PeriodView]:
    """Find periods of many boards in one statement, by (slug, name), a name or `current`; what there is not is left out."""
    wanted = [(board, name) for board, name in wanted if PERIOD_NAME.fullmatch(name)]
    asked = Q(pk=None)
    for board, name in wanted:
        asked |= Q(board=board.pk) & (covering(now_us) if name == CURRENT else Q(name=name))
    stored = list(Period.objects.filter(asked).order_by()) if wanted else []
    boards = {board.pk: board for board, _ in wanted}
    for period in stored:
        period.board = boards[period.board_id]
    views = list(zip(stored, view_periods(stored, now_us), strict=True))
    found = {}
    for board, name in wanted:
        own = (pair for pair in views if pair[0].board_id == board.pk)
        view = next((v for each, v in own if (each.covers(now_us) if name == CURRENT else each.name == name)), None)
        bounds = _find_in_calendar(board, name, now_us) if view is None else None
        if view is not None:
            found[board.slug, name] = view
        elif bounds is not None:
            found[board.slug, name] = _view(bounds, now_us, None)
    return found


def order_shown(board: Board) -> tuple[bool, str]:
    """What sorts boards for people: the main one first, then by label."""
    return board.pk != MAIN_BOARD, board.label.casefold()


def view_periods(periods: Sequence[Period], now_us: int) -> list[PeriodView]:
    """Show stored periods, read with their boards, as they are at this time, in microseconds since 1970."""
    views = [_view(Bounds(each.name, each.starts_us, each.ends_us), now_us, each.pk) for each in periods]
    closed = {view.id: period.subject for period, view in zip(periods, views, strict=True) if view.state == CLOSED}
    if not closed:  # as of most that are asked for, of which nothing can have been stated
        return views
    stated: dict[str, list[str]] = {}
    found = CheckpointStatement.objects.filter(subject__in=closed.values()).order_by("checkpoint")
    for subject, sha256 in found.values_list("subject", "sha256"):
        stated.setdefault(subject, []).append(sha256)
    texts = [stated.get(closed.get(view.id, ""), []) for view in views]
    return [
        view._replace(amended=len(sha256s) - 1, statement=sha256s[-1]) if sha256s else view
        for view, sha256s in zip(views, texts, strict=True)
    ]


def _view(bounds: Bounds, now_us: int, number: int | None) -> PeriodView:
    state = CLOSED
    if bounds.ends_us is None or now_us < bounds.ends_us:
        state = OPEN
    elif now_us < bounds.ends_us + CLOSING_US:
        state = CLOSING
    return PeriodView(*bounds, state, number, now_us)


def _find_in_calendar(board: Board, name: str, now_us: int) -> Bounds | None:
    if board.span == Board.Span.SEASON:
        return None
    if name == CURRENT:
        return spans.period_at(board.span, board.zone, now_us)
    return spans.period_named(board.span, board.zone, name)


def _find_previous(board: Board, now_us: int) -> PeriodView:
    """The season that ended last, or the calendar's period before the current one; days that take no time are passed over."""
    if board.span == Board.Span.SEASON:
        ended = Period.objects.filter(board=board.pk, ends_us__lte=now_us).order_by("-starts_us").first()
        if ended is None:
            raise UnknownPeriod
        ended.board = board
        return view_periods([ended], now_us)[0]
    if board.span == Board.Span.ALL:
        raise UnknownPeriod
    name = find_period(board, CURRENT, now_us).name
    while (before := spans.previous_period(board.span, board.zone, name)).starts_us == before.ends_us:
        name = before.name
    return find_period(board, before.name, now_us)
