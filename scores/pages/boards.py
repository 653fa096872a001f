"""The pages of boards: what there is, and a board in one of its periods, live or as it ended."""

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.times import format_time, to_moment
from scores.board.documents import write_as_of
from scores.board.leaderboard import PageQuery
from scores.board.leaders import BoardGlance, read_glances
from scores.board.lookup import CLOSED, CURRENT, OPEN, PERIOD_NAME, PREVIOUS
from scores.board.timeline import BoardPage, read_board_page
from scores.errors import InvalidQuery, UnknownPeriod
from scores.pages.rows import measure_rows
from scores.pages.wording import (
    describe_emptiness,
    describe_moment,
    describe_order,
    describe_period,
    describe_table,
)

#: How many rows a page has that does not begin at the top.
MORE_ROWS = 50
#: How many stand on the podium of a period that has ended.
STEPS = 3


class ShownPeriod(NamedTuple):
    """A period to link to."""

    name: str
    label: str


class ShownMoment(NamedTuple):
    """A moment as clocks of the board's zone show it, and as machines read it."""

    text: str
    machine: str


class ShownGlance(NamedTuple):
    """A board of the list; `ends` is None where its period never ends, or it has none."""

    glance: BoardGlance
    period: str
    ends: ShownMoment | None


@require_safe
@never_cache
def boards(request: HttpRequest) -> HttpResponse:
    """Show every board with its current period and leader."""
    glances = read_glances()
    shown = [_show_glance(glance) for glance in glances.boards]
    snapshot = {"as_of": write_as_of(to_moment(glances.at_us))}
    return render(request, "boards.html", {"snapshot": snapshot, "boards": shown})


@require_safe
@never_cache
def board_period(request: HttpRequest, slug: str, period: str = CURRENT) -> HttpResponse:
    """Show a period of a board: its top, or with `?after=CURSOR` or `?around=PLAYER` the rows there."""
    if (chosen := request.GET.get("period")) is not None:
        # Picked from a form, which cannot write it into the path.
        if not PERIOD_NAME.fullmatch(chosen):
            raise UnknownPeriod
        return redirect("board-page", slug=slug, period=chosen)
    query = _read_query(request)
    try:
        page = read_board_page(slug, period, query)
    except UnknownPeriod:
        if period != CURRENT:
            raise
        # Between seasons the last one stands.
        last = read_board_page(slug, PREVIOUS, PageQuery()).period.name
        return redirect("board-page", slug=slug, period=last)
    is_middle = query.after is not None or query.around is not None
    rows = measure_rows(page.content["entries"], ascending=page.content["board"]["ascending"])
    context = {
        **_describe_board(page),
        **_describe_timeline(page),
        "rows": rows,
        "podium": [] if is_middle or page.period.state == OPEN else rows[:STEPS],
        "watched": "" if period == CURRENT else page.period.name,
        "is_middle": is_middle,
        "can_embed": bool(settings.EMBED_ORIGINS),
        "heading": page.content["board"]["label"],
        "is_live": not is_middle and page.period.state != CLOSED,
        "around": query.around and str(query.around),
    }
    return render(request, "board_period.html", context)


def _read_query(request: HttpRequest) -> PageQuery:
    after, around = request.GET.get("after"), request.GET.get("around")
    if around is None:
        return PageQuery() if after is None else PageQuery(limit=MORE_ROWS, after=after)
    try:
        return PageQuery(around=UUID(around))
    except ValueError:
        raise InvalidQuery from None


def _describe_board(page: BoardPage) -> dict[str, object]:
    board, period = page.content["board"], page.period
    return {
        "snapshot": page.content,
        "etag": page.etag,
        "board": board,
        "period": period,
        "label": describe_period(board["span"], period.name),
        "is_coming": period.starts_us > period.at_us,
        "begins": _show_moment(board["zone"], period.starts_us),
        "ends": None if period.ends_us is None else _show_moment(board["zone"], period.ends_us),
        "caption": describe_table(ascending=board["ascending"]),
        "order": f"{describe_order()} " if board["ascending"] else "",
        "emptiness": describe_emptiness(board["span"], period),
    }


def _describe_timeline(page: BoardPage) -> dict[str, object]:
    span, timeline = page.content["board"]["span"], page.timeline

    def show(name: str | None) -> ShownPeriod | None:
        return None if name is None else ShownPeriod(name, describe_period(span, name))

    return {
        "offered": [show(name) for name in timeline.offered],
        "earlier": show(timeline.earlier),
        "later": show(timeline.later),
        "current": timeline.current,
    }


def _show_glance(glance: BoardGlance) -> ShownGlance:
    board, period = glance.board, glance.period
    if period is None:
        return ShownGlance(glance, "", None)
    ends = None if period.ends_us is None else _show_moment(board.zone, period.ends_us)
    return ShownGlance(glance, describe_period(board.span, period.name), ends)


def _show_moment(zone: str, at_us: int) -> ShownMoment:
    return ShownMoment(describe_moment(zone, at_us), format_time(to_moment(at_us)))
