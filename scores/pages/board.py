"""The server-rendered board, and the embed: the board alone, for a frame or a wall screen."""

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from scores.board import standings
from scores.board.leaderboard import PageQuery, read_page
from scores.board.lookup import CURRENT
from scores.board.timeline import read_content
from scores.pages.own_place import describe_own_place, find_visitor
from scores.pages.rows import measure_rows
from scores.pages.wording import describe_emptiness, describe_table

MINIMUM_ROWS = 3
MAXIMUM_TITLE_LENGTH = 80


@require_safe
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    visitor = find_visitor(request)
    you = describe_own_place(visitor) if isinstance(visitor, User) else None
    return render(request, "board.html", {**_read_top(), "user": visitor, "you": you})


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": settings.EMBED_ORIGINS or [NONE]})
def embed(request: HttpRequest) -> HttpResponse:
    """`?board=SLUG&period=NAME&theme=auto|dark|light&rows=3..10&title=`: what is out of range is brought into it.

    Without a board it is the top 10 of the main one, also while the database is away.
    """
    theme = request.GET.get("theme", "auto")
    rows = request.GET.get("rows", "")
    slug = request.GET.get("board", "")
    context = {
        **(_read_board(slug, request.GET.get("period", CURRENT)) if slug else _read_top()),
        "theme": theme if theme in {"auto", "dark", "light"} else "auto",
        "row_limit": min(max(int(rows), MINIMUM_ROWS), standings.SIZE)
        if rows.isascii() and rows.isdigit() and len(rows) < 6
        else standings.SIZE,
        "title": "".join(character for character in request.GET.get("title", "") if character.isprintable())[
            :MAXIMUM_TITLE_LENGTH
        ],
    }
    return render(request, "embed_board.html" if slug else "embed.html", context)


def _read_top() -> dict[str, object]:
    snapshot = standings.read_snapshot()
    return {"snapshot": snapshot, "etag": snapshot.etag, "rows": measure_rows(snapshot.rows)}


def _read_board(slug: str, period: str) -> dict[str, object]:
    page = read_page(slug, period, PageQuery())
    content = read_content(page)
    board = content["board"]
    return {
        "snapshot": content,
        "etag": page.etag,
        "rows": measure_rows(content["entries"], ascending=board["ascending"]),
        "caption": describe_table(ascending=board["ascending"]),
        "board": board,
        "watched": "" if period == CURRENT else page.period.name,
        "emptiness": describe_emptiness(board["span"], page.period),
    }
