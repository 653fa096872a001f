"""The results of a period as an exact text: a line `RANK PLAYER POINTS AT_US SEQ` for each place, in the order of the board."""

from collections.abc import Iterator
from itertools import islice

from django.db import connection

from audit.times import to_us
from scores.models import Board, Standing

CHUNK = 5000
#: Written by PostgreSQL: to read a million times from rows and write them takes Python six times as long.
STANDINGS = """
SELECT concat_ws(' ', player_id, points * %s, (extract(epoch FROM reached_at) * 1000000)::bigint, seq)
FROM scores_standing WHERE period_id = %s AND NOT hidden
ORDER BY points DESC, reached_at, player_id
"""


def write_lines(board: Board, period: int) -> Iterator[bytes]:
    """Write the results of a stored period, some thousand lines at a time. Inside of transactions only."""
    lines = enumerate(_read_standings(board, period), start=1)
    while part := "".join(f"{rank} {standing}\n" for rank, standing in islice(lines, CHUNK)):
        yield part.encode("ascii")


def _read_standings(board: Board, period: int) -> Iterator[str]:
    """All of a line but the rank, in the order of the board."""
    if connection.vendor == "postgresql":
        with connection.chunked_cursor() as cursor:
            cursor.execute(STANDINGS, [board.sign, period])
            while rows := cursor.fetchmany(CHUNK):
                yield from (standing for (standing,) in rows)
    else:
        columns = ("player", "points", "reached_at", "seq")
        for player, points, reached_at, seq in Standing.objects.ranked(period).values_list(*columns).iterator(CHUNK):
            yield f"{player} {points * board.sign} {to_us(reached_at)} {seq}"
