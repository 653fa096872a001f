"""A rank is exact at any moment, whatever was done to standings and however many stand at one place."""

import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from scores.board import ranks, standings
from scores.board.ranks import Place
from scores.integrity import recovery
from scores.investigation import corrections
from scores.models import RankChange, RankRange, Score, Standing
from tests.support.board import NOON, place, stand
from tests.support.crowds import add_crowd, check_ranks, find_wrong_ranks, sweep
from tests.support.database import without_triggers
from tests.support.tampering import make_history
from tests.support.threads import in_threads


@pytest.fixture(autouse=True)
def _own_export(settings: Settings, tmp_path: Path) -> None:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")


WHY = {"reason": "seen in the recording", "actor": "system"}
UPSERT = """
    INSERT INTO scores_standing AS standing (player_id, period_id, points, reached_at, seq, hidden)
    SELECT id, period, (random() * 60)::int, %s, 2, false FROM scores_score, unnest(%s::bigint[]) AS period
    WHERE id = ANY(%s) ORDER BY id, period
    ON CONFLICT (player_id, period_id) DO UPDATE SET points = excluded.points, reached_at = excluded.reached_at
"""


def read_rank(player: UUID) -> int | None:
    found = standings.find_rank(player)
    assert found is not None
    return found.rank


def read_widths(period: int) -> list[tuple[str, int]]:
    """Which version of its row each range of a period is, and how many players it has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, players FROM scores_rankrange WHERE period = %s ORDER BY id", [period])
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_every_rank_of_a_small_board_is_found_with_its_neighbours() -> None:
    for number in range(9):
        place(f"Player {number}", points=number // 4, seconds=number % 2, pk=UUID(int=99 - number))
    place("Frozen", 2, frozen=True)
    order = [str(player) for player in Standing.objects.ranked().values_list("player", flat=True)]
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
def test_each_period_has_ranks_of_its_own_also_below_nothing() -> None:
    ada, bea, cyd = (place(name, 0, pk=UUID(int=number)) for number, name in enumerate(("Ada", "Bea", "Cyd"), start=1))
    for score, points in ((ada, -7), (bea, -(2**53)), (cyd, 2**53)):
        score.points = points
        stand(score, 7)
    expected = [Place(2**53, NOON, cyd.pk), Place(-7, NOON, ada.pk), Place(-(2**53), NOON, bea.pk)]
    assert [ranks.read_place(7, rank) for rank in (1, 2, 3, 4)] == [*expected, None]
    assert [ranks.read_rank(7, it) for it in expected] == [1, 2, 3]
    assert (ranks.count_players(7), ranks.count_players(0), ranks.count_players(8)) == (3, 3, 0)
    assert (ranks.read_place(8, 1), ranks.read_rank(8, expected[0])) == (None, 1)
    assert [(row.rank, row.name, row.points) for row in ranks.read_neighbourhood(ada.pk, 7)] == [
        (1, "Cyd", 2**53),
        (2, "Ada", -7),
        (3, "Bea", -(2**53)),
    ]
    assert [row.name for row in ranks.read_neighbourhood(ada.pk)] == ["Ada", "Bea", "Cyd"]
    assert ranks.read_neighbourhood(ada.pk, 8) == []


@pytest.mark.django_db
def test_a_place_where_nobody_stands_has_the_rank_one_would_have_there() -> None:
    place("Ada", 9, seconds=5, pk=UUID(int=5))
    place("Bea", 9, seconds=5, pk=UUID(int=7))
    place("Frozen", 9, seconds=4, frozen=True)
    at = NOON + timedelta(seconds=5)
    asked = [(10, NOON, 0), (9, NOON, 0), (9, at, 5), (9, at, 6), (9, at, 8), (9, at + timedelta(seconds=1), 0), (8, NOON, 0)]  # fmt: skip
    found = [ranks.read_rank(0, Place(points, when, UUID(int=number))) for points, when, number in asked]
    assert found == [1, 1, 1, 2, 3, 3, 3]


@pytest.mark.django_db
def test_ranks_follow_awards_and_corrections() -> None:
    ada, bea, cyd = make_history()
    corrections.void(player=ada.pk, seq=2, **WHY)
    corrections.adjust(player=bea.pk, delta=500, **WHY)
    corrections.erase_player(player=cyd.pk, **WHY)
    expected = {
        player: rank for rank, player in enumerate(Standing.objects.ranked().values_list("player", flat=True), start=1)
    }
    assert {player.pk: read_rank(player.pk) for player in (ada, bea, cyd)} == expected
    corrections.freeze(player=bea.pk, **WHY)
    assert read_rank(bea.pk) is None
    assert read_rank(ada.pk) == expected[ada.pk] - 1


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "seconds"),
    [
        ("random() * 100000", "0"),
        ("random() * 3", "random() * 9"),
        ("7", "0"),
        ("exp(random() * 30)", "n"),
        ("-exp(random() * 30)", "random() * 9"),
        ("(random() - 0.5) * 9007199254740991 * 2", "0"),
    ],
)
def test_a_crowd_is_ranked_exactly_however_it_is_spread(points: str, seconds: str) -> None:
    add_crowd(5000, points, seconds)
    check_ranks()
    assert RankRange.objects.count() > 2
    add_crowd(3000, "random() * 50 - 25", "random() * 5")
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_ranks_stay_exact_through_moves_freezes_departures_and_rollbacks() -> None:
    add_crowd(4000, "random() * 40")
    add_crowd(2000, "-random() * 40", period=3)
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
    Standing.objects.filter(period=3).update(period=4)
    check_ranks()
    Standing.objects.all().update(points=3)
    check_ranks()
    Standing.objects.all().delete()
    check_ranks()
    add_crowd(10, "n")
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_changes_are_swept_as_they_come_and_narrow_ranges_are_joined() -> None:
    add_crowd(5000, "1000 + mod(n, 3000)")
    assert RankRange.objects.count() > 2
    assert RankChange.objects.count() < 1000
    players = list(Standing.objects.ranked().order_by("player").values_list("player", flat=True))
    with connection.cursor() as cursor:
        for number, player in enumerate(players[:1500]):
            cursor.execute("UPDATE scores_standing SET points = %s WHERE player_id = %s", [number % 7, player])
    assert RankChange.objects.count() < 1000
    check_ranks()
    Standing.objects.filter(player__in=players[1500:]).update(points=5)
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_upserts_many_at_once_is_due_to_sweep_only_when_all_is_noted() -> None:
    """An upsert fires the triggers of inserts and of updates, and whoever swept between them would cut ranges at the wrong player."""
    add_crowd(3000, "random() * 60")
    players = list(Score.objects.values_list("pk", flat=True))
    for periods in ([0, 5], [5, 6]):
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, [NOON, periods, players])
        assert RankChange.objects.count() == 0
        check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_sweep_touches_no_range_of_a_period_that_did_not_change() -> None:
    for period in (0, 5, 6):
        add_crowd(2500, "random() * 60", period=period)
    sweep()
    before = {period: read_widths(period) for period in (0, 5, 6)}
    Standing.objects.filter(period=5, points__gt=30).update(points=2)
    check_ranks()
    assert {period: read_widths(period) == before[period] for period in (0, 5, 6)} == {0: True, 5: False, 6: True}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_ranks_of_all_periods_are_exact_in_every_snapshot_while_five_write() -> None:
    add_crowd(2500, "random() * 60")
    add_crowd(800, "-random() * 60", period=5)
    players = list(Score.objects.values_list("pk", flat=True))
    writers = 5
    written = threading.Semaphore(0)

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            for step in range(150):
                with transaction.atomic(), connection.cursor() as cursor:
                    chosen = chance.sample(players[number::writers], 9)
                    at = NOON + timedelta(seconds=step)
                    cursor.execute(UPSERT, [at, [0, 5, 6 + step // 50], chosen])
                    Standing.objects.filter(player__in=chosen[:2]).update(hidden=step % 10 == 0)
                    Standing.objects.filter(player=chosen[8], period=5).delete()
                    transaction.set_rollback(step % 7 == 0)
        finally:
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
    add_crowd(2000, "-random() * 90", period=5)
    with without_triggers(connection):
        add_crowd(300, "99")
        add_crowd(300, "-99", period=5)
    ranks.recount(0)
    assert {period for period, *_ in find_wrong_ranks()} == {5}
    ranks.recount()
    check_ranks()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_an_emptied_table_has_no_ranks() -> None:
    add_crowd(1000, "random() * 90")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scores_standing")
    assert (ranks.count_players(0), RankRange.objects.count(), RankChange.objects.count()) == (0, 0, 0)


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
