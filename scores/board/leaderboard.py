"""The pages of a board: its top, and the rows around any place of it, with exact ranks of one moment."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, TypedDict
from uuid import UUID

from audit.times import format_time, to_moment
from audit.verification import consistent_read
from scores.board import lookup, ranks
from scores.board.cursors import read_cursor, write_cursor
from scores.board.documents import CLOSED_SECONDS, MOVING_SECONDS, Document, write_as_of, write_document
from scores.board.lookup import CLOSED, PeriodView
from scores.board.rows import FirstRows, Row, read_first, read_from
from scores.board.standings import SIZE, BoardRow, shape_row
from scores.errors import NotRanked
from scores.models import Board, Standing

Key = tuple[str, str]


class BoardBody(TypedDict):
    """A board, in the words of the API."""

    slug: str
    label: str
    rule: str
    ascending: bool
    span: str
    zone: str


class PeriodBody(TypedDict):
    """A period. `amended` is how often a statement of it was followed by another, `statement` the newest."""

    name: str
    starts_at: str
    ends_at: str | None
    state: str
    amended: int
    statement: str | None


class TopBody(TypedDict):
    """All of a page but the time of the reading."""

    board: BoardBody
    period: PeriodBody
    players: int
    entries: list[BoardRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class Top(Document):
    """A page of a period. `body` is what the API answers and the socket sends, byte for byte."""

    period: PeriodView


class PageQuery(NamedTuple):
    """Which page: so many rows, from the first or as one of the others says."""

    limit: int = SIZE
    after: str | None = None
    from_rank: int | None = None
    around: UUID | None = None


class _Page(NamedTuple):
    """The rank of the first row, and one row more than are shown, if there is one."""

    players: int
    first: int
    rows: list[Row]


def read_page(slug: str, name: str, query: PageQuery) -> Top:
    """Read a page of a period of a board, all of one moment.

    Raises UnknownBoard, BoardFilling, UnknownPeriod, InvalidCursor, and NotRanked when nobody of the id asked for stands there.
    """
    with consistent_read():
        board, now_us = lookup.read_board(slug)
        period = lookup.find_period(board, name, now_us)
        if query.after is None and query.from_rank is None and query.around is None:
            return _read_first(board, period, query.limit)
        return _shape(board, period, _find_page(board, period, query), query.limit)


def read_top(board: Board, period: PeriodView) -> Top:
    """Read the first rows of a period. The caller sees to it that all is of one moment."""
    return _read_first(board, period, SIZE)


def read_tops(keys: Collection[Key]) -> dict[Key, Top]:
    """Read the tops of many boards, by slug and name of the period, or `current`: all of one moment.

    Left out are those that there are not, or not yet: a board that is disabled or filling, a season that none is now.
    """
    with consistent_read():
        boards = {board.slug: (board, now_us) for board, now_us in lookup.read_boards({slug for slug, _ in keys})}
        wanted = [(boards[slug][0], name) for slug, name in keys if slug in boards and not boards[slug][0].filling]
        if not wanted:
            return {}
        now_us = max(now_us for _, now_us in boards.values())
        periods = lookup.find_periods(wanted, now_us)
        stored = {period.id for period in periods.values() if period.id is not None}
        first = read_first(stored, SIZE + 1) if stored else {}
    return {
        (slug, name): _shape(boards[slug][0], period, _top_of(first, period), SIZE)
        for (slug, name), period in periods.items()
    }


def shape_board(board: Board) -> BoardBody:
    """Shape a board as every client gets it."""
    return {
        "slug": board.slug,
        "label": board.label,
        "rule": board.rule,
        "ascending": board.ascending,
        "span": board.span,
        "zone": board.zone,
    }


def shape_period(period: PeriodView) -> PeriodBody:
    """Shape a period as every client gets it."""
    return {
        "name": period.name,
        "starts_at": format_time(to_moment(period.starts_us)),
        "ends_at": None if period.ends_us is None else format_time(to_moment(period.ends_us)),
        "state": period.state,
        "amended": period.amended,
        "statement": period.statement,
    }


def keep_seconds(period: PeriodView) -> int:
    """How long an answer about a period may be kept."""
    return CLOSED_SECONDS if period.state == CLOSED else MOVING_SECONDS


def _read_first(board: Board, period: PeriodView, limit: int) -> Top:
    first = {} if period.id is None else read_first([period.id], limit + 1)
    return _shape(board, period, _top_of(first, period), limit)


def _top_of(first: dict[int, FirstRows], period: PeriodView) -> _Page:
    players, rows = (0, []) if period.id is None else first[period.id]
    return _Page(players, 1, rows)


def _find_page(board: Board, period: PeriodView, query: PageQuery) -> _Page:
    place = None if query.after is None else read_cursor(board.slug, period.name, query.after)
    if period.id is None:
        if query.around is not None:
            raise NotRanked
        return _Page(0, 1, [])
    players = ranks.count_players(period.id)
    if place is not None:
        return _find_after(period.id, players, place, query.limit)
    first = query.from_rank or 1
    if query.around is not None:
        first = _find_first_around(period.id, players, query.around, query.limit)
    place = ranks.read_place(period.id, first)
    return _Page(players, first, [] if place is None else read_from(period.id, place, query.limit + 1))


def _find_after(period: int, players: int, place: ranks.Place, limit: int) -> _Page:
    first = ranks.read_rank(period, place)
    rows = read_from(period, place, limit + 2)
    # Who stood there may have moved meanwhile.
    is_taken = bool(rows) and rows[0].place == place
    return _Page(players, first + is_taken, rows[is_taken : limit + 1 + is_taken])


def _find_first_around(period: int, players: int, player: UUID, limit: int) -> int:
    """The rank that a page begins with which has the player in its middle, or as near to it as both ends of the board allow."""
    own = Standing.objects.ranked(period).filter(player=player).values_list("points", "reached_at").first()
    if own is None:
        raise NotRanked
    rank = ranks.read_rank(period, ranks.Place(*own, player))
    return max(1, min(rank - (limit - 1) // 2, players - limit + 1))


def _shape(board: Board, period: PeriodView, page: _Page, limit: int) -> Top:
    shown = page.rows[:limit]
    is_last = len(page.rows) <= limit
    content: TopBody = {
        "board": shape_board(board),
        "period": shape_period(period),
        "players": page.players,
        "entries": [
            shape_row(rank, row.player, row.name, row.points * board.sign, row.reached_at)
            for rank, row in enumerate(shown, start=page.first)
        ],
        "next": None if is_last else write_cursor(board.slug, period.name, shown[-1].place),
    }
    as_of = write_as_of(to_moment(period.at_us))
    document = write_document(content, as_of=as_of, keep_seconds=keep_seconds(period))
    return Top(document.body, document.etag, document.keep_seconds, period)
