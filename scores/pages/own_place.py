"""You are here: the place of whoever is signed in, as the board's page renders it and as it asks for it afterwards."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.board import standings
from scores.errors import NotAuthenticated
from scores.http.limits import AddressReadLimit, address_subject
from scores.models import Score


@require_safe
@never_cache
def you(request: HttpRequest) -> JsonResponse:
    """For the page's own script, by its session cookie; `null` for a signed-in user who is not a player."""
    if not request.user.is_authenticated:
        AddressReadLimit.charge(request, address_subject(request))
        raise NotAuthenticated
    # By user: a hall full of players may share one address.
    AddressReadLimit.charge(request, f"user:{request.user.pk}")
    return JsonResponse({"you": describe_place(request.user)})


def find_viewer(request: HttpRequest) -> User | AnonymousUser:
    """Who is signed in; nobody while the database is away, so that the board is shown to everyone all the same."""
    try:
        return request.user if request.user.is_authenticated else AnonymousUser()
    except OperationalError:
        return AnonymousUser()


def describe_place(user: User) -> dict[str, Any] | None:
    """Rank, points, and what is missing to overtake whoever is next: as many points as theirs come too late, so one more."""
    player = Score.objects.filter(user=user).values_list("pk", flat=True).first()
    place = standings.find_place(player) if player else None
    if place is None:
        return None
    following = None
    if place.above:
        ahead = place.above[-1]
        following = {"name": ahead["name"], "points": ahead["score"] - place.score.points + 1}
    return {
        "player": str(place.score.pk),
        "rank": place.rank,
        "score": place.score.points,
        "next": following,
        "frozen": place.score.frozen,
    }
