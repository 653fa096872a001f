"""Where one player stands among however many: the rank, and who is next.

PostgreSQL counts players by range while they change (migration 0004 says how), so that any rank costs about the same;
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


class RankedRow(NamedTuple):
    """A player in the order of the board."""

    rank: int
    player: UUID
    name: str
    points: int
    reached_at: datetime


def read_neighbourhood(player: UUID) -> list[RankedRow]:
    """Read the player and up to two neighbours each way, in the order of the board; nothing for one who is not on it.

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
    # Only the player's own is asked for: those of the neighbours follow from it.
    unknown = Cast(Value(0), BigIntegerField())
    columns = [
        part.values_list(rank if counted and part is me else unknown, "id", "name", "points", "reached_at")
        for part in parts
    ]
    rows = columns[0].union(*columns[1:], all=True) if counted else (row for part in columns for row in part)
    order = sorted((RankedRow(*row) for row in rows), key=lambda row: (-row.points, row.reached_at, row.player))
    own = next((index for index, row in enumerate(order) if row.player == player), None)
    if own is None:
        return []
    first = (order[own].rank if counted else _count_ahead(order[own]) + 1) - own
    ranked_rows = [row._replace(rank=rank) for rank, row in enumerate(order, start=first)]
    return ranked_rows[max(0, own - NEIGHBOURS) : own + NEIGHBOURS + 1]


def _count_ahead(row: RankedRow) -> int:
    earlier = Q(reached_at__lt=row.reached_at) | Q(reached_at=row.reached_at, pk__lt=row.player)
    return Score.objects.ranked().filter(Q(points__gt=row.points) | Q(points=row.points) & earlier).count()


def recount() -> None:
    """Count all ranks anew: after the scores were changed behind the triggers' back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT scores_rank_recount()")
