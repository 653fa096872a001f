"""A backend's calls while the server is killed: repeated until answered, each award counts once, and the log holds at every moment."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from audit import checkpoints
from audit.models import AuditEntry, AwardStatement
from scores.catalogue import set_action
from scores.models import Score
from tests.support.acting import access_token, make_claims, make_player, sign
from tests.support.chains import check_chain
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer
from tests.support.stated import AWARDS, make_call, make_line
from tests.support.tampering import run_verify

CALLS, AWARDS_A_CALL, KILLS, PLAYERS, BACKENDS = 20, 500, 10, 50, 2

pytestmark = pytest.mark.postgresql


@pytest.fixture(autouse=True)
def export(settings: Settings, exported: Path) -> Path:
    return exported


def test_calls_cut_by_kills_and_repeated_count_exactly_once(
    scoreboard_server: Callable[..., ScoreboardServer], export: Path
) -> None:
    """10,000 awards by 20 calls, and every second of them sent once more when all is done."""
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    players = [make_player(f"Player {number}") for number in range(PLAYERS)]
    calls = [make_call(lines) for lines in _make_lines(players)]
    expected = Counter(line.split()[1] for call in calls for line in call["awards"])
    server = scoreboard_server(ISSUER_RATE="0")
    answered: list[dict[str, object]] = []
    backends = [
        threading.Thread(target=_send_all, args=(server.port, calls[number::BACKENDS], answered))
        for number in range(BACKENDS)
    ]
    for backend in backends:
        backend.start()
    for number in range(KILLS):
        wait_until(
            lambda least=number: len(answered) > least,  # type: ignore[misc]
            seconds=60,
            what="An answer to a call between two kills",
        )
        server.kill()
        server.start()
    for backend in backends:
        backend.join(120)
    assert len(answered) == CALLS
    for call in calls[::2]:
        answer = _send(server.port, call)
        assert answer is not None
        assert (answer["accepted"], answer["replayed"]) == (0, AWARDS_A_CALL)
    assert AuditEntry.objects.filter(kind="award").count() == CALLS * AWARDS_A_CALL
    assert AwardStatement.objects.count() == CALLS
    for player in players:
        check_chain(player)
        assert (player.points, player.seq) == (10 * expected[str(player.pk)], expected[str(player.pk)])
    checkpoints.sign_checkpoints()
    assert run_verify(pinned=export) == []


def test_both_doors_at_once_for_one_id_count_once_and_answer_alike(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    player = make_player("Ada")
    server = scoreboard_server(SCORE_UPDATE_RATE="0")
    token = access_token(player)
    for turn in range(20):
        receipt = sign(make_claims(player, pts=5))
        answers = _send_together(server.port, token, receipt)
        assert Counter(answer["replayed"] for answer in answers) == {False: 1, True: 3}
        for answer in answers:
            answer.pop("replayed")
        assert all(answer == answers[0] for answer in answers)
        assert answers[0]["score"] == 5 * (turn + 1)
    check_chain(player)
    assert run_verify() == []


def test_a_call_is_a_mebibyte_long_and_not_a_byte_longer(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    player = make_player("Ada")
    server = scoreboard_server()
    call = json.dumps(make_call([make_line(player)]))
    longest = call + " " * (2**20 - len(call))
    for body, expected in (
        (longest + " ", (413, "payload_too_large")),
        (longest, (200, None)),
        ("x" * 8192, (400, "invalid_body")),
    ):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("POST", AWARDS, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert (response.status, answer.get("code")) == expected
        connection.close()
    assert AuditEntry.objects.filter(kind="award").count() == 1


def _make_lines(players: Sequence[Score]) -> list[list[str]]:
    turns = count()
    return [
        [make_line(players[next(turns) * 7 % PLAYERS], 10, jti=uuid4().hex) for _ in range(AWARDS_A_CALL)]
        for _ in range(CALLS)
    ]


def _send_all(port: int, calls: Sequence[dict[str, object]], answered: list[dict[str, object]]) -> None:
    """Send each until it is answered and nothing of it was left for later."""
    for call in calls:
        for _ in range(600):
            answer = _send(port, call)
            if answer is not None and answer["refused"] == 0:
                answered.append(answer)
                break
            threading.Event().wait(0.1)


def _send(port: int, call: dict[str, object]) -> dict[str, object] | None:
    """The answer of 200; None where there was none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", AWARDS, json.dumps(call), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer: dict[str, object] = json.loads(response.read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if response.status == 200 else None


def _send_together(port: int, token: str, receipt: str) -> list[dict[str, object]]:
    """Two by each door, all at the same moment; what both say of an award."""
    gate, answers = threading.Barrier(4), []

    def patch() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        gate.wait(10)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("PATCH", "/api/score/update", json.dumps({"receipt": receipt}), headers)
        answers.append(json.loads(connection.getresponse().read()))
        connection.close()

    def post() -> None:
        gate.wait(10)
        answer = _send(port, {"receipts": [receipt]})
        assert answer is not None
        results = answer["results"]
        assert isinstance(results, list)
        answers.append(results[0])

    threads = [threading.Thread(target=act) for act in (patch, post, patch, post)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    names = ("player", "delta", "score", "replayed", "entry")
    return [{name: answer.get(name) for name in names} for answer in answers]
