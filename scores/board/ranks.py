"""Where one player stands in a period among however many: the rank, who has a rank, and who is next.

PostgreSQL counts players by range while they change (migrations 0013 and 0016 say how), so that any rank costs about the same;
SQLite counts whoever is ahead when it is asked. Points are in the form of `Standing`, in which more is always better.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Count, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from scores.board_models import MAIN_PERIOD
from scores.models import Score, Standing

NEIGHBOURS = 2


class Place(NamedTuple):
    """A place in the order of a period, whether or not anybody stands there."""

    points: int
    reached_at: datetime
    player: UUID

    @property
    def order(self) -> tuple[int, datetime, UUID]:
        """What sorts places as `StandingQuerySet.ranked` does."""
        return -self.points, self.reached_at, self.player


class RankedRow(NamedTuple):
    """A player in the order of a period."""

    rank: int
    player: UUID
    name: str
    points: int
    reached_at: datetime

    @property
    def place(self) -> Place:
        return Place(self.points, self.reached_at, self.player)


def read_rank(period: int, place: Place) -> int:
    """Read which rank whoever stands there has, or would have: one more than stand ahead."""
    if connection.vendor == "postgresql":
        [[rank]] = _call("scores_rank_at", [period, *place])
        return int(rank)
    tied = Q(points=place.points)
    earlier = Q(reached_at__lt=place.reached_at) | Q(reached_at=place.reached_at, player__lt=place.player)
    return 1 + Standing.objects.ranked(period).filter(Q(points__gt=place.points) | tied & earlier).count()


def read_place(period: int, rank: int) -> Place | None:
    """Read who has this rank, from 1; None past the end."""
    if connection.vendor == "postgresql":
        rows = _call("scores_rank_place", [period, rank])
    else:
        ranked = Standing.objects.ranked(period).values_list("points", "reached_at", "player")
        rows = list(ranked[rank - 1 : rank])
    return Place(*rows[0]) if rows else None


def count_players(period: int) -> int:
    """Count who has a rank in the period."""
    if connection.vendor == "postgresql":
        [[players]] = _call("scores_rank_players", [period])
        return int(players)
    return Standing.objects.ranked(period).count()


def read_neighbourhood(player: UUID, period: int = MAIN_PERIOD) -> list[RankedRow]:
    """Read the player and up to two neighbours each way, in the order of the period; nothing for one who has no rank in it.

    On PostgreSQL one statement, so that all of it is of one moment.
    """
    rows = _read_around(player, period)
    order = sorted(rows, key=lambda row: row.place.order)
    own = next((index for index, row in enumerate(order) if row.player == player), None)
    if own is None:
        return []
    # Only the player's own is asked for: those of the neighbours follow from it.
    rank = order[own].rank if connection.vendor == "postgresql" else read_rank(period, order[own].place)
    ranked_rows = [row._replace(rank=rank + index - own) for index, row in enumerate(order)]
    return ranked_rows[max(0, own - NEIGHBOURS) : own + NEIGHBOURS + 1]


def rank_of_standing() -> Combinable:
    """The rank of each of some visible standings, of whatever periods, to be read in their own statement."""
    if connection.vendor == "postgresql":
        place = [F(name) for name in ("period", "points", "reached_at", "player")]
        return Func(*place, function="scores_rank_at", output_field=BigIntegerField())
    earlier = Q(reached_at__lt=OuterRef("reached_at")) | Q(
        reached_at=OuterRef("reached_at"), player__lt=OuterRef("player")
    )
    ahead = Standing.objects.filter(
        Q(points__gt=OuterRef("points")) | Q(points=OuterRef("points")) & earlier,
        period=OuterRef("period"),
        hidden=False,
    )
    count = ahead.order_by().values("period").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(count), Value(0)) + 1


def read_ranks(players: Collection[UUID]) -> dict[UUID, int]:
    """Read the ranks of these players on the main board, by one query; those who are not on it are left out."""
    standings = Standing.objects.ranked(MAIN_PERIOD).filter(player__in=players).order_by()
    return dict(standings.values_list("player", rank_of_standing()))


def recount(period: int | None = None) -> None:
    """Count all ranks anew, or those of a period: after standings were changed behind the triggers' back."""
    if connection.vendor == "postgresql":
        _call("scores_rank_recount", [period])


def _read_around(player: UUID, period: int) -> list[RankedRow]:
    """The player with the own rank, and more neighbours than needed, with none, in no order."""
    ranked = Standing.objects.ranked(period)
    me = ranked.filter(player=player)
    points, reached_at = (Subquery(me.order_by().values(name)) for name in ("points", "reached_at"))
    tied = ranked.filter(points=points)
    # Each is one stretch of the index, read from the player outwards.
    parts: list[QuerySet[Standing]] = [
        tied.filter(reached_at=reached_at, player__lt=player).reverse()[:NEIGHBOURS],
        tied.filter(reached_at__lt=reached_at).reverse()[:NEIGHBOURS],
        ranked.filter(points__gt=points).reverse()[:NEIGHBOURS],
        tied.filter(reached_at=reached_at, player__gt=player)[:NEIGHBOURS],
        tied.filter(reached_at__gt=reached_at)[:NEIGHBOURS],
        ranked.filter(points__lt=points)[:NEIGHBOURS],
    ]
    unknown = Cast(Value(0), BigIntegerField())
    # By itself rather than joined: seven joins take PostgreSQL a millisecond to plan.
    name = Subquery(Score.objects.filter(pk=OuterRef("player")).values("name"))
    shown = ("player", name, "points", "reached_at")
    neighbours = [part.values_list(unknown, *shown) for part in parts]
    if connection.vendor != "postgresql":
        return [RankedRow(*row) for part in [me.values_list(unknown, *shown), *neighbours] for row in part]
    return [RankedRow(*row) for row in me.values_list(rank_of_standing(), *shown).union(*neighbours, all=True)]


def _call(function: str, parameters: Sequence[int | datetime | UUID | None]) -> list[tuple[Any, ...]]:
    """The rows of one of functions of migration 0016."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}({', '.join(['%s'] * len(parameters))})", parameters)  # noqa: S608 - our own names
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
