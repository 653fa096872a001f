"""The pages about players: found by name, and one of them as everybody may see them."""

import json
from typing import NamedTuple, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.board.careers import Career, Placed, read_career
from scores.board.profiles import FoundPlayers, find_players
from scores.errors import InvalidQuery, UnknownPlayer
from scores.http.limits import AddressCostlyLimit, address_subject
from scores.pages.pictures import Picture, draw_gain, draw_points
from scores.pages.wording import describe_period

FOUND = 20


class ShownPlace(NamedTuple):
    """Where a player stands, or stood best, with the period in the reader's words."""

    place: Placed
    period: str


@require_safe
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Show who is found by any part of the name; without `?name=` the question alone."""
    text = request.GET.get("name", "")
    context: dict[str, object] = {"text": text, "is_asked": bool(text.strip())}
    if text.strip():
        AddressCostlyLimit.charge(request, address_subject(request))
        try:
            found = cast("FoundPlayers", json.loads(find_players(text, FOUND).body))
        except InvalidQuery:
            return render(request, "players.html", {**context, "is_unfit": True}, status=400)
        context["players"] = found["players"]
    return render(request, "players.html", context)


@require_safe
@never_cache
def player(request: HttpRequest, player: str) -> HttpResponse:
    """Show a player: rank now and best, points as pictures, standings. Of who is frozen the name and that there is no rank."""
    try:
        number = UUID(player)
    except ValueError:
        raise UnknownPlayer from None
    if str(number) != player:
        raise UnknownPlayer
    career = read_career(number)
    standings = [_show_place(place) for place in career.standings]
    best = None if career.best is None else _show_place(career.best)
    context = {"career": career, "standings": standings, "best": best, "pictures": _draw(career)}
    return render(request, "player.html", context)


def _show_place(place: Placed) -> ShownPlace:
    return ShownPlace(place, describe_period(place.board.span, place.period))


def _draw(career: Career) -> list[Picture]:
    if career.main is None:
        return []
    return [draw_gain(career.day, career.now), draw_points(career.quarter, career.now)]
