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
from scores.pages.own_place import describe_own_place, find_visitor

MINIMUM_ROWS = 3
MAXIMUM_TITLE_LENGTH = 80


@require_safe
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    visitor = find_visitor(request)
    you = describe_own_place(visitor) if isinstance(visitor, User) else None
    return render(request, "board.html", {"snapshot": standings.read_snapshot(), "user": visitor, "you": you})


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": settings.EMBED_ORIGINS or [NONE]})
def embed(request: HttpRequest) -> HttpResponse:
    """`?theme=auto|dark|light&rows=3..10&title=`: what is out of range is brought into it."""
    theme = request.GET.get("theme", "auto")
    rows = request.GET.get("rows", "")
    context = {
        "snapshot": standings.read_snapshot(),
        "theme": theme if theme in {"auto", "dark", "light"} else "auto",
        "row_limit": min(max(int(rows), MINIMUM_ROWS), standings.SIZE)
        if rows.isascii() and rows.isdigit() and len(rows) < 6
        else standings.SIZE,
        "title": "".join(character for character in request.GET.get("title", "") if character.isprintable())[
            :MAXIMUM_TITLE_LENGTH
        ],
    }
    return render(request, "embed.html", context)
