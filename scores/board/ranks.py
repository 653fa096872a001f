"""Where one player stands among however many: the rank, who has a rank, and who is next.

PostgreSQL counts players by range while they change (migration 0013 says how), so that any rank costs about the same;
SQLite counts whoever is ahead when it is asked.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, F, Func, Q, Subquery, Value
from django.db.models.functions import Cast

from scores.board_models import MAIN_PERIOD
from scores.models import Standing

NEIGHBOURS = 2


class Place(NamedTuple):
    """What the order of a board goes by; points as `Standing.points`."""

    points: int
    reached_at: datetime
    player: UUID


class RankedRow(NamedTuple):
    """A player in the order of a board; points as `Standing.points`."""

    rank: int
    player: UUID
    name: str
    points: int
    reached_at: datetime


def read_rank(period: int, place: Place) -> int:
    """Count who stands ahead of a place in a period, and one: the rank of who stands there, or would."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT scores_rank_at(%s, %s, %s, %s)", [period, *place])
            [[rank]] = cursor.fetchall()
        return int(rank)
    earlier = Q(reached_at__lt=place.reached_at) | Q(reached_at=place.reached_at, player__lt=place.player)
    ahead = Q(points__gt=place.points) | Q(points=place.points) & earlier
    return Standing.objects.ranked(period).filter(ahead).count() + 1


def read_place(period: int, rank: int) -> Place | None:
    """Find where who has this rank in a period stands; None where nobody has."""
    if connection.vendor != "postgresql":
        rows = Standing.objects.ranked(period).values_list("points", "reached_at", "player")[rank - 1 : rank]
        return next((Place(*row) for row in rows), None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM scores_rank_place(%s, %s)", [period, rank])
        place = cursor.fetchone()
    return Place(*place) if place else None


def count_players(period: int) -> int:
    """Count who is on the board in a period."""
    if connection.vendor != "postgresql":
        return Standing.objects.ranked(period).count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT scores_rank_players(%s)", [period])
        [[players]] = cursor.fetchall()
    return int(players)


def read_neighbourhood(player: UUID, period: int = MAIN_PERIOD) -> list[RankedRow]:
    """Read the player and up to two neighbours each way, in the order of a period; nothing for one who is not on the board then.

    On PostgreSQL one statement, so that all of it is of one moment.
    """
    ranked = Standing.objects.ranked(period)
    me = ranked.filter(player=player)
    points, reached_at = (Subquery(me.order_by().values(name)) for name in ("points", "reached_at"))
    tied = ranked.filter(points=points)
    # Each is one stretch of the index, read from the player outwards.
    parts = [
        me,
        tied.filter(reached_at=reached_at, player__lt=player).reverse()[:NEIGHBOURS],
        tied.filter(reached_at__lt=reached_at).reverse()[:NEIGHBOURS],
        ranked.filter(points__gt=points).reverse()[:NEIGHBOURS],
        tied.filter(reached_at=reached_at, player__gt=player)[:NEIGHBOURS],
        tied.filter(reached_at__gt=reached_at)[:NEIGHBOURS],
        ranked.filter(points__lt=points)[:NEIGHBOURS],
    ]
    counted = connection.vendor == "postgresql"
    rank = Func(
        Value(period),
        F("points"),
        F("reached_at"),
        F("player"),
        function="scores_rank_at",
        output_field=BigIntegerField(),
    )
    # Only the player's own is asked for: those of the neighbours follow from it.
    unknown = Cast(Value(0), BigIntegerField())
    columns = [
        part.values_list(rank if counted and part is me else unknown, "player", "player__name", "points", "reached_at")
        for part in parts
    ]
    rows = columns[0].union(*columns[1:], all=True) if counted else (row for part in columns for row in part)
    order = sorted((RankedRow(*row) for row in rows), key=lambda row: (-row.points, row.reached_at, row.player))
    own = next((index for index, row in enumerate(order) if row.player == player), None)
    if own is None:
        return []
    me_row = order[own]
    own_rank = me_row.rank if counted else read_rank(period, Place(me_row.points, me_row.reached_at, me_row.player))
    first = own_rank - own
    ranked_rows = [row._replace(rank=rank) for rank, row in enumerate(order, start=first)]
    return ranked_rows[max(0, own - NEIGHBOURS) : own + NEIGHBOURS + 1]


def recount(period: int | None = None) -> None:
    """Count all ranks of a period anew, or of all: after standings were changed behind the triggers' back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT scores_rank_recount(%s)", [period])
