"""The server-rendered board."""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.pages.corrections import describe_corrections
from scores.pages.own_place import describe_own_place, find_visitor
from scores.pages.present import read_top


@require_safe
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    """Show the top 10 of everything, and to who is signed in their own place."""
    visitor = find_visitor(request)
    you = describe_own_place(visitor) if isinstance(visitor, User) else None
    context = {
        **read_top(),
        "can_embed": bool(settings.EMBED_ORIGINS),
        "user": visitor,
        "you": you,
        "share_picture": True,
        "corrections": describe_corrections(),
    }
    return render(request, "board.html", context)
