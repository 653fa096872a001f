"""Reads rows of boards in their order: the first of many periods at once, or those from any place on."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from scores.board.ranks import Place, count_players
from scores.models import Standing


class Row(NamedTuple):
    """A player on a board; points as `Standing.points` has them."""

    player: UUID
    name: str
    points: int
    reached_at: datetime

    @property
    def place(self) -> Place:
        return Place(self.points, self.reached_at, self.player)


class FirstRows(NamedTuple):
    """How many players a period has, and the first of them."""

    players: int
    rows: list[Row]


#: Each period's rows are one stretch of the index, whose names are looked up by key. Without OFFSET the players of a period would be
#: counted once for each row.
FIRST_ROWS = """
SELECT period.id, period.players, standing.player_id, score.name, standing.points, standing.reached_at
FROM (SELECT id, scores_rank_players(id) AS players FROM unnest(%s::bigint[]) AS asked (id) OFFSET 0) AS period
LEFT JOIN LATERAL (
    SELECT player_id, points, reached_at FROM scores_standing
    WHERE period_id = period.id AND NOT hidden
    ORDER BY points DESC, reached_at, player_id LIMIT %s
) AS standing ON true
LEFT JOIN scores_score AS score ON score.id = standing.player_id
"""
#: Each part is one stretch of the index: an OR of them would be read from the top. Written out, because to build it takes Django as long
#: as all the rest of the page.
ROWS_FROM = """
SELECT standing.player_id, score.name, standing.points, standing.reached_at FROM (
    (SELECT player_id, points, reached_at FROM scores_standing WHERE period_id = %(period)s AND NOT hidden
     AND points = %(points)s AND reached_at = %(reached_at)s AND player_id >= %(player)s ORDER BY player_id LIMIT %(limit)s)
    UNION ALL
    (SELECT player_id, points, reached_at FROM scores_standing WHERE period_id = %(period)s AND NOT hidden
     AND points = %(points)s AND reached_at > %(reached_at)s ORDER BY reached_at, player_id LIMIT %(limit)s)
    UNION ALL
    (SELECT player_id, points, reached_at FROM scores_standing WHERE period_id = %(period)s AND NOT hidden
     AND points < %(points)s ORDER BY points DESC, reached_at, player_id LIMIT %(limit)s)
) AS standing LEFT JOIN scores_score AS score ON score.id = standing.player_id
"""
COLUMNS = ("player", "player__name", "points", "reached_at")


def read_first(periods: Collection[int], limit: int) -> dict[int, FirstRows]:
    """Read the first rows of each period; on PostgreSQL one statement, however many there are."""
    if connection.vendor != "postgresql":
        return {period: FirstRows(count_players(period), _read(period, limit)) for period in periods}
    found = {period: FirstRows(0, []) for period in periods}
    with connection.cursor() as cursor:
        cursor.execute(FIRST_ROWS, [list(found), limit])
        for period, players, *columns in cursor.fetchall():
            rows = found[period].rows
            if columns[0] is not None:
                rows.append(Row(*columns))
            found[period] = FirstRows(players, rows)
    return {period: FirstRows(players, in_order(rows)) for period, (players, rows) in found.items()}


def read_from(period: int, place: Place, limit: int) -> list[Row]:
    """Read the rows from a place on, who stands at it first; on PostgreSQL one statement, at any depth about the same."""
    if connection.vendor == "postgresql":
        named = {"period": period, "limit": limit, **place._asdict()}
        with connection.cursor() as cursor:
            cursor.execute(ROWS_FROM, named)
            return in_order(Row(*row) for row in cursor.fetchall())[:limit]
    ranked = Standing.objects.ranked(period)
    tied = ranked.filter(points=place.points)
    parts = [
        tied.filter(reached_at=place.reached_at, player__gte=place.player),
        tied.filter(reached_at__gt=place.reached_at),
        ranked.filter(points__lt=place.points),
    ]
    return [Row(*row) for part in parts for row in part.values_list(*COLUMNS)[:limit]][:limit]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort rows of one period."""
    return sorted(rows, key=lambda row: row.place.order)


def _read(period: int, limit: int) -> list[Row]:
    return [Row(*row) for row in Standing.objects.ranked(period).values_list(*COLUMNS)[:limit]]
