"""The list of players: in the order of the board, found by what an investigator holds, quick however many there are."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player

LIST = reverse("admin:scores_score_changelist")
#: Nothing that would verify, but enough rows for a planner to choose as it does with many.
MANY_PLAYERS = """
    WITH users AS (
        INSERT INTO auth_user
            (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
        SELECT '!', false, 'many-' || n, '', '', '', false, true, now() FROM generate_series(1, 5000) AS n RETURNING id
    ), scores AS (
        INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)
        SELECT md5(id::text)::uuid, id, 'Many ' || id, 'many ' || id, id % 977, now(), 1, '', false FROM users
        RETURNING *
    )
    INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)
    SELECT id, 0, points, reached_at, seq, frozen FROM scores
"""


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def players(db: None) -> dict[str, Score]:
    """Ada leads before Ben; Eve leads both, but is frozen; Zoë has done nothing yet."""
    players = {name: make_player(name) for name in ("Ada", "Ben", "Eve", "Zoë")}
    for name, points in (("Ben", 10), ("Ada", 20), ("Eve", 30)):
        corrections.adjust(player=players[name].pk, delta=points, reason="a day's play", actor="system")
    corrections.freeze(player=players["Eve"].pk, reason="under review", actor="system")
    return players


def found(desk: Client, **asked: Any) -> list[str]:
    response = desk.get(LIST, asked)
    assert response.status_code == 200, response.headers
    return [score.name for score in response.context["cl"].result_list]


def test_the_list_is_the_board_and_the_others_are_a_click_away(players: dict[str, Score], desk: Client) -> None:
    assert found(desk) == ["Ada", "Ben"]
    assert found(desk, place="frozen") == ["Eve"]
    assert found(desk, place="none") == ["Zoë"]
    page = desk.get(LIST).content.decode()
    assert all(words in page for words in ("On the board", "Frozen", "Without entries", "?place=frozen"))


def test_a_search_finds_everybody_by_a_part_of_the_name_or_the_id(players: dict[str, Score], desk: Client) -> None:
    assert found(desk, q="VE") == ["Eve"]
    assert found(desk, q="BE") == ["Ben"]
    # One character is a whole name: as a part it would be one of nearly all.
    assert found(desk, q="E") == []
    assert found(desk, q="ZOE\u0308") == ["Zoë"]
    assert found(desk, q=f" {players['Eve'].pk} ") == found(desk, q=players["Eve"].pk.hex) == ["Eve"]
    assert found(desk, q=str(players["Eve"].pk)[:10]) == ["Eve"]
    assert found(desk, q="zoe") == ["Zoë"]
    assert found(desk, q="ve", place="frozen") == ["Eve"]
    assert found(desk, q="be", place="frozen") == []
    assert found(desk, q=str(uuid4())) == found(desk, q="nobody") == []
    assert "Everybody found" in desk.get(LIST, {"q": "e"}).content.decode()


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_takes_the_same_queries_however_long_it_is(
    desk: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        corrections.adjust(player=make_player(f"P{number}").pk, delta=1, reason="a day's play", actor="system")
    # Session, user; how many there are, and a page of them.
    with django_assert_num_queries(4):
        assert len(found(desk)) == count


@pytest.mark.postgresql
def test_the_list_is_read_from_the_index_of_the_board(desk: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_PLAYERS)
        cursor.execute("ANALYZE scores_score, scores_standing")
    for asked, index in (({}, "standing_order"), ({"p": "5"}, "standing_order"), ({"q": str(uuid4())}, "_pkey")):
        with CaptureQueriesContext(connection) as queries:
            desk.get(LIST, asked)
        sql = next(query["sql"] for query in queries if 'FROM "scores_score"' in query["sql"])
        page = next((query["sql"] for query in queries if "LIMIT 100" in query["sql"]), sql)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {page}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert (index in plan, "Sort" in plan, "Seq Scan" in plan) == (True, False, False), (asked, plan)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    [
        "audit/refusal/?minute__gte",
        "audit/verification/?started_at__gte",
        "scores/flag/?opened_at__gte",
        "auth/user/?date_joined__gte",
    ],
)
def test_a_time_beyond_all_calendars_is_a_mistake_in_the_address(admin_client: Client, path: str) -> None:
    page = admin_client.get(f"/admin/{path}=9999-12-31T23:59:59.999999-23:59", follow=True)
    assert page.status_code == 200
