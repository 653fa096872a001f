"""Where one player stands among however many: the rank, and who is next.

PostgreSQL counts places by range while they change (migration 0004 says how), so that any rank costs about the same;
SQLite counts whoever is ahead when it is asked.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Func, Q, Subquery, Value
from django.db.models.functions import Cast

from scores.models import Score

NEIGHBOURS = 2


class Standing(NamedTuple):
    """One row of the board's order; the rank is known of the player who was asked for."""

    player: UUID
    name: str
    points: int
    reached_at: datetime
    rank: int | None


def read_neighbourhood(player: UUID) -> list[Standing]:
    """The player and up to two neighbours each way, in the order of the board; nothing for one who is not on it.

    On PostgreSQL one statement, so that all of it is of one moment.
    """
    ranked = Score.objects.ranked()
    me = ranked.filter(pk=player)
    points, reached_at = (Subquery(me.order_by().values(name)) for name in ("points", "reached_at"))
    tied = ranked.filter(points=points)
    # Each is one stretch of the index, read from the player outwards.
    parts = [
        me,
        tied.filter(reached_at=reached_at, pk__lt=player).reverse()[:NEIGHBOURS],
        tied.filter(reached_at__lt=reached_at).reverse()[:NEIGHBOURS],
        ranked.filter(points__gt=points).reverse()[:NEIGHBOURS],
        tied.filter(reached_at=reached_at, pk__gt=player)[:NEIGHBOURS],
        tied.filter(reached_at__gt=reached_at)[:NEIGHBOURS],
        ranked.filter(points__lt=points)[:NEIGHBOURS],
    ]
    counted = connection.vendor == "postgresql"
    rank = Func(Value(player), function="scores_rank", output_field=BigIntegerField())
    nothing = Cast(Value(None), BigIntegerField())
    columns = [
        part.values_list("id", "name", "points", "reached_at", rank if counted and part is me else nothing)
        for part in parts
    ]
    rows = columns[0].union(*columns[1:], all=True) if counted else (row for part in columns for row in part)
    order = sorted((Standing(*row) for row in rows), key=lambda it: (-it.points, it.reached_at, it.player))
    place = next((place for place, standing in enumerate(order) if standing.player == player), None)
    if place is None:
        return []
    if not counted:
        order[place] = order[place]._replace(rank=_count_ahead(order[place]) + 1)
    return order[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1]


def _count_ahead(standing: Standing) -> int:
    later = Q(reached_at__lt=standing.reached_at) | Q(reached_at=standing.reached_at, pk__lt=standing.player)
    return Score.objects.ranked().filter(Q(points__gt=standing.points) | Q(points=standing.points) & later).count()


def recount() -> None:
    """Count all places anew: after the scores were changed behind the triggers' back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT scores_rank_recount()")
