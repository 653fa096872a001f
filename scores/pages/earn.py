"""The page that says how points are earned, the same for everybody who reads its language."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from django.views.decorators.vary import vary_on_cookie

from scores.board.earning import Way, read_ways
from scores.pages.wording import describe_duration

KEEP_SECONDS = 60


class ShownWay(NamedTuple):
    """A way to points, and how often it counts, in words."""

    way: Way
    often: list[str]


@require_safe
@conditional_page
@cache_control(public=True, max_age=KEEP_SECONDS)
@vary_on_cookie
def earn(request: HttpRequest) -> HttpResponse:
    """Show the catalogue. Nobody is named on it, so caches may keep it."""
    return render(request, "earn.html", {"ways": [ShownWay(way, describe_pace(way)) for way in read_ways()]})


def describe_pace(way: Way) -> list[str]:
    """Say how often an action counts, a sentence for each bound."""
    sentences = []
    if way.daily_cap == 1:
        sentences.append(_("Once a day."))
    elif way.daily_cap:
        sentences.append(_("At most {count} times a day.").format(count=localize(way.daily_cap)))
    if way.cooldown_seconds:
        sentences.append(_("Pause between two: {time}.").format(time=describe_duration(way.cooldown_seconds)))
    return sentences or [_("As often as you like.")]
