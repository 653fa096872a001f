"""A page of a board together with the board's other periods: those to choose from, and the ones before and after."""

import json
from typing import NamedTuple, cast

from django.db.models import QuerySet

from audit.verification import consistent_read
from scores.board.leaderboard import PageQuery, Top, TopBody, read_page
from scores.board.lookup import PeriodView
from scores.board_models import covering
from scores.counting import spans
from scores.counting.spans import ALL
from scores.models import Board, Period

#: How many periods are offered to choose from, the newest; the others are reached one by one.
OFFERED = 100


class DatedTop(TopBody):
    """A page with the time of its reading, as the API answers it."""

    as_of: str


class Timeline(NamedTuple):
    """Names of periods that have begun: the newest first, and those next to the shown one that somebody was counted in."""

    offered: list[str]
    earlier: str | None
    later: str | None
    current: str | None


class BoardPage(NamedTuple):
    """A page as the API answers it, and what is around its period."""

    content: DatedTop
    etag: str
    period: PeriodView
    timeline: Timeline


def read_board_page(slug: str, name: str, query: PageQuery) -> BoardPage:
    """Read a page of a period of a board and the board's other periods, all of one moment. Raises what `read_page` raises."""
    with consistent_read():
        top = read_page(slug, name, query)
        content = read_content(top)
        timeline = _read_timeline(content, top.period)
    return BoardPage(content, top.etag, top.period, timeline)


def read_content(top: Top) -> DatedTop:
    """Read what a page says, so that it is shown as the API answers it."""
    return cast("DatedTop", json.loads(top.body))


def _read_timeline(content: DatedTop, period: PeriodView) -> Timeline:
    if content["board"]["span"] == ALL:
        return Timeline([period.name], None, None, period.name)
    begun = Period.objects.filter(board__slug=content["board"]["slug"], starts_us__lte=period.at_us)
    offered = _list_names(begun.order_by("-starts_us")[:OFFERED])
    earlier = _list_names(begun.filter(starts_us__lt=period.starts_us).order_by("-starts_us")[:1])
    later = _list_names(begun.filter(starts_us__gt=period.starts_us).order_by("starts_us")[:1])
    current = _find_current(content, period, offered)
    if current is not None and current not in offered:
        # A day on which nobody has been counted yet.
        offered.insert(0, current)
        if not later and period.name != current and period.starts_us < period.at_us:
            later = [current]
    if period.name not in offered:
        offered.append(period.name)
    return Timeline(offered, next(iter(earlier), None), next(iter(later), None), current)


def _find_current(content: DatedTop, period: PeriodView, offered: list[str]) -> str | None:
    board = content["board"]
    if period.starts_us <= period.at_us and (period.ends_us is None or period.at_us < period.ends_us):
        return period.name
    if board["span"] != Board.Span.SEASON:
        return spans.period_at(board["span"], board["zone"], period.at_us).name
    season = Period.objects.filter(covering(period.at_us), board__slug=board["slug"], name__in=offered)
    return next(iter(_list_names(season)), None)


def _list_names(periods: QuerySet[Period]) -> list[str]:
    return list(periods.values_list("name", flat=True))
