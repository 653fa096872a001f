"""Many players on the board at once, and whether the database ranks them as sorting everybody does."""

from itertools import count, pairwise
from typing import Any

from django.db import connection

from scores.models import RankChange, RankRange, Standing
from tests.support.board import NOON

_users = count(1_000_000)

#: A range that is miscounted spoils all ranks behind it, so not every one is looked at.
WRONG_RANKS = """
    SELECT period_id, player_id, place, scores_rank_at(period_id, points, reached_at, player_id) FROM (
        SELECT *, row_number() OVER (PARTITION BY period_id ORDER BY points DESC, reached_at, player_id) AS place
        FROM scores_standing WHERE NOT hidden
    ) places WHERE place % 37 < 2 AND scores_rank_at(period_id, points, reached_at, player_id) <> place
    UNION ALL
    SELECT period_id, player_id, place, NULL FROM (
        SELECT *, row_number() OVER (PARTITION BY period_id ORDER BY points DESC, reached_at, player_id) AS place
        FROM scores_standing WHERE NOT hidden
    ) places WHERE place % 211 < 2
      AND (points, reached_at, player_id) IS DISTINCT FROM (SELECT (points, reached_at, player) FROM scores_rank_place(period_id, place))
    UNION ALL
    SELECT period_id, (SELECT player FROM scores_rank_place(period_id, players + 1)), players, scores_rank_players(period_id) FROM (
        SELECT period_id, count(*) FILTER (WHERE NOT hidden) AS players FROM scores_standing GROUP BY period_id
    ) periods WHERE scores_rank_players(period_id) <> players OR EXISTS (SELECT FROM scores_rank_place(period_id, players + 1))
    LIMIT 3
"""


def find_wrong_ranks() -> list[Any]:
    """Up to three, compared in one snapshot with what sorting everyone says, of all periods."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG_RANKS)
        return list(cursor.fetchall())


def sweep() -> None:
    """Count what has changed into the ranges, whoever would be due to do so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT scores_rank_sweep()")


def check_ranks() -> None:
    """As the changes lie, and swept; no range is too wide then, and no two beside each other too narrow."""
    assert find_wrong_ranks() == []
    sweep()
    assert find_wrong_ranks() == []
    assert not RankChange.objects.exists()
    widths: dict[int, list[int]] = {}
    for period, players in RankRange.objects.order_by("period", "minus_points", "reached_at", "player").values_list(
        "period", "players"
    ):
        widths.setdefault(period, []).append(players)
    for period, found in widths.items():
        assert sum(found) == Standing.objects.ranked(period).count()
        assert max(found) <= 2048
        assert min((one + other for one, other in pairwise(found)), default=512) >= 512


def add_crowd(size: int, points: str, seconds: str = "random() * 9", period: int = 0) -> None:
    """Many new players in a period; `points` and `seconds` after noon are SQL."""
    first = next(_users)
    for _ in range(size):
        next(_users)
    last = first + size - 1
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)"
            " SELECT n, '!', false, 'p' || n, '', '', '', false, true, now() FROM generate_series(%s, %s) n",
            [first, last],
        )
        cursor.execute(
            "INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)"
            " SELECT gen_random_uuid(), n, 'p' || n, 'p' || n, 0, %s, 1, '', n %% 50 = 0 FROM generate_series(%s, %s) n",
            [NOON, first, last],
        )
        cursor.execute(
            "INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)"  # noqa: S608
            f" SELECT id, %s, ({points})::bigint, %s + make_interval(secs => ({seconds})::int), 1, frozen"
            " FROM scores_score, LATERAL (SELECT user_id AS n) number WHERE user_id BETWEEN %s AND %s",
            [period, NOON, first, last],
        )
