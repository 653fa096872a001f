"""GET /api/score/me/proof: a player takes along what proves the points, and nobody else's."""

import json
from pathlib import Path

import pytest
from django.test import Client

from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys
from scores.integrity.proof import write_proof
from scores.integrity.proof_verification import check_proof
from scores.models import Action, Score
from tests.support.acting import access_token, make_player, update

pytestmark = pytest.mark.django_db
PATH = "/api/score/me/proof"


@pytest.fixture
def player(player: Score, daily_quiz: Action, exported: Path) -> Score:
    """With three entries, two of them signed."""
    token = access_token(player)
    for key in ("1", "2"):
        assert update({"action": "daily-quiz"}, token=token, key=key).status_code == 200
    sign_checkpoints()
    assert update({"action": "daily-quiz"}, token=token, key="3").status_code == 200
    player.refresh_from_db()
    return player


def ask(player: Score | None, query: str = "") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {access_token(player)}"} if player else {}
    response = Client().get(PATH + query, headers=headers)
    return response.status_code, response.getvalue()


def test_the_caller_gets_the_own_entries_and_what_signs_them(player: Score) -> None:
    response = Client().get(PATH, headers={"Authorization": f"Bearer {access_token(player)}"})
    text = response.getvalue()
    assert (response.status_code, response.headers["Content-Type"], response.headers["Cache-Control"]) == (
        200,
        "application/x-ndjson",
        "no-store",
    )
    assert text == b"".join(write_proof(player))
    results = list(check_proof(text.splitlines(keepends=True), load_checkpoint_keys()))
    assert [result for result in results if result.holds is False] == []
    assert ask(player, "?after=2")[1] == b"".join(text.splitlines(keepends=True)[2:])


def test_who_never_played_has_a_proof_of_nothing(player: Score) -> None:
    assert ask(make_player("Eve")) == (200, b'{"head":null,"index":null,"path":[],"block":null}\n')


@pytest.mark.parametrize(
    "query", ["?after=", "?after=-1", "?after=0", "?after=1.5", "?after=x", "?after=1&after=1", "?before=1", f"?after={2**53}"]
)  # fmt: skip
def test_a_query_that_is_none_is_refused(player: Score, query: str) -> None:
    status, text = ask(player, query)
    assert (status, json.loads(text)["code"]) == (400, "invalid_query")


def test_nobody_gets_it_without_a_token_or_by_another_method(player: Score) -> None:
    status, text = ask(None)
    assert (status, json.loads(text)["code"]) == (401, "not_authenticated")
    assert Client().post(PATH, headers={"Authorization": f"Bearer {access_token(player)}"}).status_code == 405
    head = Client().head(PATH, headers={"Authorization": f"Bearer {access_token(player)}"})
    assert (head.status_code, head.getvalue()) == (200, b"")
