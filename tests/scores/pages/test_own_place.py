"""You are here: a signed-in player's own place, on the page without a script and as the script asks for it."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from audit.times import format_time
from scores.integrity.proof import write_proof
from scores.models import Action, Score
from tests.support.acting import access_token, make_player, read_problem, read_state, update
from tests.support.board import place

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(user: User) -> Any:
    answer = signed_in(user).get("/you")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.json()["you"]


@pytest.fixture
def crowd() -> list[Score]:
    """Twelve players, 120 points down to 10."""
    return [place(f"Player {number}", 120 - 10 * number, pk=UUID(int=number + 1)) for number in range(12)]


def test_who_stands_below_the_top_learns_rank_and_distance(crowd: list[Score]) -> None:
    assert ask(crowd[11].user) == {
        "player": str(UUID(int=12)),
        "rank": 12,
        "score": 10,
        "next": {"name": "Player 10", "points": 11},
        "frozen": False,
        "above": [row_of(crowd[9], 10), row_of(crowd[10], 11)],
        "below": [],
    }


def row_of(score: Score, rank: int) -> dict[str, object]:
    assert score.reached_at
    reached_at = format_time(score.reached_at)
    return {"rank": rank, "player": str(score.pk), "name": score.name, "score": score.points, "reached_at": reached_at}


def test_neighbours_are_up_to_two_each_way_and_ties_by_who_came_first(crowd: list[Score]) -> None:
    late = place("Late", 60, seconds=60)
    own = ask(late.user)
    assert own["rank"] == 8
    assert [(row["rank"], row["name"], row["score"]) for row in own["above"]] == [
        (6, "Player 5", 70),
        (7, "Player 6", 60),
    ]
    assert [(row["rank"], row["name"], row["score"]) for row in own["below"]] == [
        (9, "Player 7", 50),
        (10, "Player 8", 40),
    ]
    leader = ask(crowd[0].user)
    assert (leader["above"], [row["name"] for row in leader["below"]]) == ([], ["Player 1", "Player 2"])


def test_equal_points_come_too_late_so_one_more_is_missing(crowd: list[Score]) -> None:
    late = place("Late", 120, seconds=60)
    assert ask(late.user)["next"] == {"name": "Player 0", "points": 1}


def test_who_leads_has_nobody_to_overtake(crowd: list[Score]) -> None:
    assert (ask(crowd[0].user)["rank"], ask(crowd[0].user)["next"]) == (1, None)


def test_who_is_frozen_or_new_has_no_rank(crowd: list[Score]) -> None:
    frozen, newcomer = ask(place("Frozen", 99, frozen=True).user), ask(make_player("Newcomer").user)
    assert [(it["rank"], it["next"], it["frozen"]) for it in (frozen, newcomer)] == [
        (None, None, True),
        (None, None, False),
    ]


def test_a_user_who_is_no_player_has_no_place_and_does_not_become_one() -> None:
    root = User.objects.create_superuser("root")
    assert ask(root) is None
    assert 'id="you"' not in signed_in(root).get("/").content.decode()
    assert not Score.objects.exists()


def test_nobody_signed_in_is_nobody(crowd: list[Score], no_traceback: None) -> None:
    before = read_state()
    read_problem(Client().get("/you", headers={"Accept": "application/json"}), 401, "not_authenticated")
    assert 'id="you"' not in Client().get("/").content.decode()
    assert read_state() == before


def test_asking_is_limited_like_other_reads(crowd: list[Score], settings: Settings) -> None:
    settings.READ_RATE = "1/d"
    client = signed_in(crowd[3].user)
    assert client.get("/you").status_code == 200
    read_problem(client.get("/you", headers={"Accept": "application/json"}), 429, "rate_limited")


def test_the_page_says_it_without_a_script_and_marks_the_own_row_by_a_word(crowd: list[Score]) -> None:
    html = " ".join(signed_in(crowd[1].user).get("/").content.decode().split())
    assert '<dd class="your-rank"> 2 </dd>' in html
    assert '<dd class="your-distance"> 11 </dd>' in html
    assert html.count('aria-current="true"') == 1
    assert '<span class="own">you</span>' in html
    below = signed_in(crowd[11].user).get("/", headers={"Accept-Language": "de"}).content.decode()
    assert "Hier stehst du" in below
    assert 'aria-current="true"' not in below


def test_the_page_costs_a_literal_number_of_queries_for_a_player(
    crowd: list[Score], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(crowd[11].user)
    # Session, user, whose score it is, the score, the neighbourhood (on SQLite in eight), the top 10, the corrections.
    with django_assert_num_queries(7 if connection.vendor == "postgresql" else 14):
        client.get("/")


def test_the_database_away_takes_the_place_but_not_the_board(
    crowd: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(crowd[11].user)
    client.get("/")

    def refuse(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        answer = client.get("/")
    assert answer.status_code == 200
    assert "Player 0" in answer.content.decode()
    assert 'id="you"' not in answer.content.decode()


def test_the_own_proof_is_taken_along(player: Score, daily_quiz: Action) -> None:
    assert update({"action": "daily-quiz"}, token=access_token(player), key="1").status_code == 200
    answer = signed_in(player.user).get("/you/proof")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="proof-{player.pk}.ndjson"'
    assert "no-store" in answer.headers["Cache-Control"]
    player.refresh_from_db()
    assert answer.getvalue() == b"".join(write_proof(player))


def test_nobody_has_a_proof_who_is_not_signed_in_or_no_player(player: Score) -> None:
    assert Client().get("/you/proof").status_code == 401
    assert signed_in(User.objects.create_user("nobody")).get("/you/proof").status_code == 404
    assert signed_in(player.user).post("/you/proof").status_code == 405
