"""A rank is exact at any moment, whatever was done to the scores and however many stand at one place."""

import random
import threading
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F
from pytest_django import Settings

from scores.board import ranks, standings
from scores.integrity import recovery
from scores.investigation import corrections
from scores.models import RankChange, RankRange, Score, Standing
from tests.support.board import NOON, place
from tests.support.database import without_triggers
from tests.support.tampering import make_history
from tests.support.threads import in_threads


@pytest.fixture(autouse=True)
def _own_export(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")


WHY = {"reason": "seen in the recording", "actor": "system"}
_users = count(1_000_000)

#: The main one, one that sorts the other way, and one where all have less than nothing.
PERIODS = {0: "points", 5: "-points", 6: "points / 3 - 1000000"}
WRONG = """
    SELECT period_id, player_id, place FROM (
        SELECT *, row_number() OVER (PARTITION BY period_id ORDER BY points DESC, reached_at, player_id) AS place
        FROM scores_standing WHERE NOT hidden
    ) places WHERE
        place % 31 < 2 AND scores_rank_at(period_id, points, reached_at, player_id) IS DISTINCT FROM place
        OR place % 199 < 2 AND NOT EXISTS (
            SELECT FROM scores_rank_place(period_id, place) AS found
            WHERE (found.points, found.reached_at, found.player) = (places.points, places.reached_at, places.player_id)
        )
    LIMIT 3
"""


def find_wrong_ranks() -> list[Any]:
    """Up to three, compared in one snapshot with what sorting everyone says; a range miscounted spoils all ranks behind it."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG)
        return list(cursor.fetchall())


def sweep() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT scores_rank_sweep()")


def check_ranks() -> None:
    """As the changes lie, and swept; no range is too wide then."""
    assert find_wrong_ranks() == []
    sweep()
    assert find_wrong_ranks() == []
    assert not RankChange.objects.exists()
    assert not RankRange.objects.filter(players__gt=2048).exists()
    for period in PERIODS:
        standing = Standing.objects.ranked(period).count()
        assert sum(RankRange.objects.filter(period=period).values_list("players", flat=True)) == standing
        assert ranks.count_players(period) == standing
        assert ranks.read_place(period, standing + 1) is None


def add_crowd(size: int, points: str, seconds: str = "random() * 9") -> None:
    """Many players at once; `points` and `seconds` after noon are SQL."""
    first = next(_users)
    for _ in range(size):
        next(_users)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)"
            " SELECT n, '!', false, 'p' || n, '', '', '', false, true, now() FROM generate_series(%s, %s) n",
            [first, first + size - 1],
        )
        cursor.execute(
            "INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)"  # noqa: S608
            f" SELECT gen_random_uuid(), n, 'p' || n, 'p' || n, ({points})::bigint,"
            f" %s + make_interval(secs => ({seconds})::int), 1, '', n %% 50 = 0 FROM generate_series(%s, %s) n",
            [NOON, first, first + size - 1],
        )
        for period, sorted_by in PERIODS.items():
            cursor.execute(
                "INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)"  # noqa: S608
                f" SELECT id, {period}, {sorted_by}, reached_at, 1, frozen FROM scores_score WHERE user_id BETWEEN %s AND %s",
                [first, first + size - 1],
            )


def read_rank(player: UUID) -> int | None:
    found = standings.find_rank(player)
    assert found is not None
    return found.rank


@pytest.mark.django_db
def test_every_rank_of_a_small_board_is_found_with_its_neighbours() -> None:
    for number in range(9):
        place(f"Player {number}", points=number // 4, seconds=number % 2, pk=UUID(int=99 - number))
    place("Frozen", 2, frozen=True)
    order = [str(pk) for pk in Standing.objects.ranked().values_list("player", flat=True)]
    for mine, player in enumerate(order):
        found = standings.find_rank(UUID(player))
        assert found is not None
        assert found.rank == mine + 1
        assert [(it["rank"], it["player"]) for it in found.above] == list(enumerate(order, start=1))[
            max(0, mine - 2) : mine
        ]
        assert [(it["rank"], it["player"]) for it in found.below] == list(enumerate(order, start=1))[
            mine + 1 : mine + 3
        ]


@pytest.mark.django_db
def test_ranks_follow_awards_and_corrections() -> None:
    ada, bea, cyd = make_history()
    corrections.void(player=ada.pk, seq=2, **WHY)
    corrections.adjust(player=bea.pk, delta=500, **WHY)
    corrections.erase_player(player=cyd.pk, **WHY)
    expected = {pk: rank for rank, pk in enumerate(Standing.objects.ranked().values_list("player", flat=True), start=1)}
    assert {player.pk: read_rank(player.pk) for player in (ada, bea, cyd)} == expected
    corrections.freeze(player=bea.pk, **WHY)
    assert read_rank(bea.pk) is None
    assert read_rank(ada.pk) == expected[ada.pk] - 1


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "seconds"),
    [("random() * 100000", "0"), ("random() * 3", "random() * 9"), ("7", "0"), ("exp(random() * 30)", "n")],
)
def test_a_crowd_is_ranked_exactly_however_it_is_spread(points: str, seconds: str) -> None:
    add_crowd(5000, points, seconds)
    sweep()  # as their commit would
    assert RankRange.objects.count() > 2
    check_ranks()
    add_crowd(3000, "random() * 50", "random() * 5")
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_ranks_stay_exact_through_moves_freezes_departures_and_rollbacks() -> None:
    add_crowd(4000, "random() * 40")
    Standing.objects.filter(points__gt=30).update(points=1)
    Standing.objects.filter(points=7).update(hidden=True)
    Standing.objects.filter(hidden=True, points__lt=5).update(hidden=False)
    Standing.objects.filter(points=9).delete()
    assert find_wrong_ranks() == []
    with transaction.atomic():
        Standing.objects.filter(points__lt=20).update(points=35)
        Standing.objects.filter(points=21).delete()
        transaction.set_rollback(True)
    check_ranks()
    Standing.objects.all().update(points=3)
    check_ranks()
    Standing.objects.all().delete()
    check_ranks()
    add_crowd(10, "n")
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_changes_are_swept_as_they_come_and_narrow_ranges_are_joined() -> None:
    add_crowd(5000, "1000 + mod(n, 3000)")
    sweep()
    before = RankRange.objects.count()
    players = list(Standing.objects.ranked().order_by("player").values_list("player", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as if each were committed
        for number, player in enumerate(players[:1500]):
            cursor.execute("UPDATE scores_standing SET points = %s WHERE player_id = %s", [number % 7, player])
    assert RankChange.objects.count() < 1010
    check_ranks()
    Standing.objects.filter(player__in=players[1500:]).update(points=5)
    for _ in range(before):
        Standing.objects.filter(player=players[0]).update(
            seq=2, points=F("points") + 1
        )  # only what changed is looked at
        sweep()
    check_ranks()
    for period in PERIODS:
        ranges = RankRange.objects.filter(period=period).order_by("minus_points", "reached_at", "player")
        widths = ranges.values_list("players", flat=True)
        assert all(one + other >= 512 for one, other in pairwise(widths))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_ranks_are_exact_in_every_snapshot_while_many_move() -> None:
    add_crowd(2500, "random() * 60")
    players = list(Score.objects.values_list("pk", flat=True))
    writers = 4
    written = threading.Semaphore(0)

    def write(number: int) -> None:
        chance = random.Random(number)
        for step in range(200):
            with transaction.atomic():
                standings = Standing.objects.filter(player=chance.choice(players[number::writers]))
                standings.update(points=chance.randrange(60), reached_at=NOON + timedelta(seconds=step))
                standings.update(hidden=step % 10 == 0)
                transaction.set_rollback(step % 7 == 0)
            if step % 50 == number:
                sweep()
        written.release()

    def read() -> list[Any]:
        """Until all have written; what was wrong meanwhile."""
        ended = 0
        wrong: list[Any] = []
        while ended < writers and not wrong:
            ended += written.acquire(blocking=False)
            wrong = find_wrong_ranks()
        return wrong

    results = in_threads(writers + 1, lambda number: write(number) if number < writers else read())
    assert results[-1] == []
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_scores_put_right_from_the_log_are_ranked_right() -> None:
    ada, *_ = make_history()
    with without_triggers(connection):
        Score.objects.filter(pk=ada.pk).update(points=10**9)
        Standing.objects.filter(player=ada.pk).update(points=10**9)
    sweep()
    recovery.rebuild_scores(players=[ada.pk], **WHY)
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_restored_board_is_counted_anew() -> None:
    add_crowd(4000, "random() * 90")
    sweep()
    with without_triggers(connection):
        add_crowd(300, "99")
    assert find_wrong_ranks() != []
    ranks.recount()
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_place_is_read_through_the_index_without_sorting_or_scanning() -> None:
    add_crowd(20_000, "random() * 3")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE scores_score, scores_standing")
    middle = Standing.objects.ranked()[10_000]
    with connection.execute_wrapper(explain := Explain()):
        ranks.read_neighbourhood(middle.player_id)
    assert "Seq Scan" not in explain.plan
    assert explain.plan.count("Rows Removed by Filter") == 0, explain.plan


class Explain:
    """Keeps the plan of the statement that runs through it."""

    plan = ""

    def __call__(self, execute, sql, parameters, many, context):
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN ANALYZE {sql}", parameters)
            self.plan = "\n".join(line for [line] in cursor.fetchall())
        return execute(sql, parameters, many, context)


@pytest.mark.django_db
def test_an_unknown_player_has_no_place() -> None:
    assert standings.find_rank(UUID(int=1)) is None
