"""Many at once: real threads, real servers, and a log that holds exactly what was answered."""

import json
import os
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from audit.models import AuditEntry
from scores.awards import service
from scores.awards.rules import Attempt, SelfReport
from scores.models import Action
from tests.support.acting import access_token, make_player, make_receipt
from tests.support.awards import caller_of
from tests.support.chains import check_chain
from tests.support.servers import ScoreboardServer
from tests.support.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


def test_eight_threads_on_one_player_lose_nothing(quiz: Action) -> None:
    player = make_player()

    def act(number: int) -> None:
        for step in range(10):
            service.award(Attempt(caller_of(player), SelfReport("daily-quiz", f"{number}-{step}"), {}))

    in_threads(8, act)
    check_chain(player)
    assert player.points == 8 * 10 * 10


def test_eight_threads_on_fifty_players_lose_nothing(quiz: Action) -> None:
    players = [make_player(f"Player {number}") for number in range(50)]

    def act(number: int) -> None:
        for player in players[number % 3 :]:
            service.award(Attempt(caller_of(player), SelfReport("daily-quiz", f"{number}"), {}))

    in_threads(8, act)
    for index, player in enumerate(players):
        check_chain(player)
        assert player.points == 10 * sum(1 for number in range(8) if number % 3 <= index)


def patch(server: ScoreboardServer, token: str, body: dict[str, str], key: str | None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    request = urllib.request.Request(
        f"{server.url}/api/score/update", json.dumps(body).encode(), headers, method="PATCH"
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


@pytest.mark.parametrize("proof", ["key", "receipt"])
def test_fifty_parallel_requests_with_one_key_count_once_and_answer_the_same(
    proof: str, quiz: Action, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    player = make_player()
    token = access_token(player)
    body = {"action": "daily-quiz"} if proof == "key" else {"receipt": make_receipt(player)}
    workers = 2 if os.environ.get("REDIS_URL") else 1
    server = scoreboard_server(workers=workers, SCORE_UPDATE_RATE="0")
    answers = in_threads(50, lambda _: patch(server, token, body, "one" if proof == "key" else None))
    assert [answer.pop("replayed") for answer in answers].count(False) == 1
    assert all(answer == answers[0] for answer in answers)
    assert AuditEntry.objects.filter(player=player.pk).count() == 1
    check_chain(player)
