"""The order of the board, its ties, its cost."""

import json
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scores.board import standings
from scores.counting import plans
from scores.models import Action, Score, Standing
from tests.support.acting import make_player, make_receipt, update
from tests.support.board import place
from tests.support.database import without_triggers


def names() -> list[str]:
    return [row["name"] for row in standings.read_top()]


@pytest.mark.django_db
def test_most_points_come_first_then_who_got_there_first_then_the_lower_id() -> None:
    place("late", 50, seconds=9)
    place("higher id", 50, seconds=5, pk=UUID(int=2))
    place("lower id", 50, seconds=5, pk=UUID(int=1))
    place("leader", 51, seconds=20)
    assert names() == ["leader", "lower id", "higher id", "late"]


@pytest.mark.django_db
def test_who_has_no_entry_or_is_frozen_is_not_on_the_board_and_zero_points_are_points() -> None:
    make_player("Newcomer")
    place("Frozen", 90, frozen=True)
    place("Zero", 0)
    assert [(row["name"], row["rank"], row["score"]) for row in standings.read_top()] == [("Zero", 1, 0)]


@pytest.mark.django_db
def test_ten_are_shown_with_dense_ranks_and_times_of_six_digits() -> None:
    for number in range(12):
        place(f"Player {number}", 100 - number)
    rows = standings.read_top()
    assert [row["rank"] for row in rows] == list(range(1, 11))
    assert rows[0] == {
        "rank": 1,
        "player": str(Score.objects.get(name="Player 0").pk),
        "name": "Player 0",
        "score": 100,
        "reached_at": "2026-11-24T12:00:00.000000Z",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("players", [1, 30])
def test_the_top_costs_one_query_whatever_the_number_of_players(
    players: int, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(players):
        place(f"Player {number}", number)
    with django_assert_num_queries(1):
        client.get("/api/score/top")
    # And the corrections of the last day, which a process looks up once a second.
    with django_assert_num_queries(2):
        client.get("/")
    with django_assert_num_queries(1):
        client.get("/")


@pytest.mark.django_db
def test_the_page_shows_the_same_rows_as_the_api(client: Client) -> None:
    for number in range(3):
        place(f"Player {number}", number * 1000)
    entries = client.get("/api/score/top").json()["entries"]
    html = client.get("/").content.decode()
    assert [html.index(f'data-player="{entry["player"]}"') for entry in entries] == sorted(
        html.index(f'data-player="{entry["player"]}"') for entry in entries
    )
    assert html.count("<tr data-player=") == len(entries) + 1  # and the template of a row
    assert all(f'data-score="{entry["score"]}"' in html for entry in entries)


@pytest.mark.django_db
def test_what_was_read_is_kept_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    for number in range(3):
        place(f"Player {number}", number)
        read.append(standings.refresh_snapshot())
    assert standings.list_past(read[2]) == read[:1]
    assert standings.list_past(read[0]) == []

    standings.forget_past()
    assert standings.list_past(read[2]) == []

    monkeypatch.setattr(standings, "SAMPLE_SECONDS", 0)
    for number in range(40):
        place(f"Later {number}", number)
        read.append(standings.refresh_snapshot())
    # No more than a quarter of an hour of minutes, however often it was read.
    assert standings.list_past(read[-1]) == read[-17:-1]


@pytest.mark.django_db
def test_the_etag_is_over_the_entries_and_a_match_is_304(client: Client) -> None:
    place("Ada", 10)
    first = client.get("/api/score/top")
    assert first.headers["Cache-Control"] == "public, max-age=1"
    again = client.get("/api/score/top", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    place("Grace", 20)
    changed = client.get("/api/score/top", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.django_db
def test_a_rank_has_two_neighbours_each_way_in_the_order_of_the_board() -> None:
    players = [place(f"Player {number}", 100, seconds=number) for number in range(6)]
    found = standings.find_rank(players[3].pk)
    assert found is not None
    assert found.rank == 4
    assert [(row["rank"], row["name"]) for row in found.above] == [(2, "Player 1"), (3, "Player 2")]
    assert [(row["rank"], row["name"]) for row in found.below] == [(5, "Player 4"), (6, "Player 5")]


@pytest.mark.django_db
def test_who_is_frozen_or_has_no_entry_has_no_rank_and_no_neighbours() -> None:
    place("Leader", 100)
    for score in (place("Frozen", 50, frozen=True), make_player("Newcomer")):
        found = standings.find_rank(score.pk)
        assert found is not None
        assert (found.rank, found.above, found.below) == (None, [], [])


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_million_players_are_read_through_the_index_ten_rows_deep() -> None:
    # Without triggers: what they keep up to date for each row, and the accounts they would ask for, is nothing to this plan.
    with connection.cursor() as cursor, without_triggers(connection):
        # The limits of web processes, which loading their application sets, are not for a million inserts.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)"
            " SELECT gen_random_uuid(), n + 1000000, 'p' || n, 'p' || n, (random() * 100000)::int, now(), 1, '', n % 100 = 0"
            " FROM generate_series(1, 1000000) n"
        )
        cursor.execute(
            "INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)"
            " SELECT id, 0, points, reached_at, seq, frozen FROM scores_score ORDER BY id"
        )
        cursor.execute("ANALYZE scores_score, scores_standing")
        columns = ("player", "player__name", "points", "reached_at")
        sql, parameters = Standing.objects.ranked().values_list(*columns)[: standings.SIZE].query.sql_with_params()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters)
        [[plan]] = cursor.fetchall()
    limit = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    [join] = limit["Plans"]
    scan, names = join["Plans"]
    assert (limit["Node Type"], scan["Node Type"], scan["Index Name"]) == ("Limit", "Index Only Scan", "standing_order")
    assert scan["Actual Rows"] <= standings.SIZE
    assert scan.get("Rows Removed by Filter", 0) == 0
    assert (names["Node Type"], names["Actual Loops"]) == ("Index Scan", standings.SIZE)


@pytest.mark.django_db
def test_an_update_costs_a_literal_number_of_queries(
    player: Score, token: str, daily_quiz: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # In one savepoint (2): player, its account, key, action, last entry, the entry, the score, the version of the boards under
    # their lock (on PostgreSQL 1 more), the standings before and after.
    queries = 13 if connection.vendor == "postgresql" else 12
    plans.read_plans()  # which a process does once, whatever test or request comes first
    with django_assert_num_queries(queries):
        assert update({"action": "daily-quiz"}, token=token, key="one").status_code == 200
    with django_assert_num_queries(queries):
        assert update({"receipt": make_receipt(player)}, token=token).status_code == 200
    with django_assert_num_queries(5):
        again = update({"action": "daily-quiz"}, token=token, key="one")
    assert json.loads(again.content)["replayed"] is True
