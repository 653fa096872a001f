"""PostgreSQL that does not answer: stopped processes, lost packets, held rows. Nobody waits for it longer than has to be."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection
from rest_framework_simplejwt.tokens import RefreshToken
from websockets.sync.client import connect as websocket

from audit.models import AuditEntry
from scores.api.authentication import issue
from scores.models import Action, Score, SpentRefreshToken
from tests.support.acting import PASSWORD, UPDATE, access_token, make_player
from tests.support.chains import check_chain
from tests.support.http_client import JSON, VIEW, ask, bearer
from tests.support.postgresql_proxy import AnswerLosingProxy
from tests.support.processes import wait_until
from tests.support.servers import PostgreSQL, ScoreboardServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
Start = Callable[..., ScoreboardServer]
TOP = "/api/score/top"
FOR_EVERYBODY = (
    TOP,
    f"{TOP}?by=view",
    "/",
    "/embed",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/scoreboard/board.css",
)
#: A client's 5 s, less what this machine may take itself.
WITHIN_SECONDS = 5.0
AT_ONCE_SECONDS = 2.5


class Answer(NamedTuple):
    status: int
    content: bytes
    seconds: float
    headers: Any

    @property
    def code(self) -> str:
        return str(json.loads(self.content)["code"])


@pytest.fixture
def ada(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(120) as pool:
        yield pool


def send(server: ScoreboardServer, method: str, path: str, body: object = None, headers: Any = None) -> Answer:
    began = time.monotonic()
    response, content = ask(server, method, path, None if body is None else json.dumps(body), headers)
    return Answer(response.status, content, time.monotonic() - began, response.headers)


def act(server: ScoreboardServer, player: Score, key: str, path: str = UPDATE) -> Answer:
    return send(server, "PATCH", path, {"action": "daily-quiz"}, bearer(player, key))


def own_place(server: ScoreboardServer, player: Score) -> Answer:
    return send(server, "GET", "/api/score/me", headers={"Authorization": f"Bearer {access_token(player)}"})


def login(server: ScoreboardServer, password: str = PASSWORD) -> Answer:
    return send(server, "POST", "/api/token", {"username": "ada", "password": password}, JSON)


def is_ready(server: ScoreboardServer) -> bool:
    return send(server, "GET", "/readyz").status == 200


def use_once(server: ScoreboardServer, player: Score) -> None:
    """Every way is gone once, so that headers are learned, connections there and statements prepared."""
    assert [act(server, player, key).status for key in ("by-the-view", "in-front")] == [200, 200]
    assert all(send(server, "GET", path).status == 200 for path in FOR_EVERYBODY)
    assert own_place(server, player).status == 200


def through(proxy: AnswerLosingProxy) -> str:
    return f"postgresql://scoreboard@127.0.0.1:{proxy.port}/{connection.settings_dict['NAME']}"


def end_other_sessions() -> None:
    """What a server left in the middle of a statement could hold a lock that the emptying of the tables needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def connect() -> "psycopg.Connection[Any]":
    return psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"])


def waits_for_a_lock() -> bool:
    with connect() as other:
        [count] = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone() or [0]
    return bool(count)


def test_while_it_stands_still_the_board_is_shown_and_who_writes_is_told(
    ada: Score, scoreboard_server: Start, postgresql: PostgreSQL, threads: ThreadPoolExecutor
) -> None:
    server = scoreboard_server(LOGIN_RATE="0", LOGIN_ADDRESS_RATE="0")
    use_once(server, ada)
    with postgresql.paused():
        # Before anybody knows: more than there are threads for.
        hanging: list[Future[Answer]] = [threads.submit(own_place, server, ada) for _ in range(8)]
        hanging += [
            threads.submit(act, server, ada, f"hung-{number}", path) for number in range(4) for path in (UPDATE, VIEW)
        ]
        hanging += [threads.submit(login, server) for _ in range(4)]
        looking = [threads.submit(send, server, "GET", path) for path in FOR_EVERYBODY for _ in range(3)]
        assert [(answer.result().status, answer.result().seconds < AT_ONCE_SECONDS) for answer in looking] == [
            (200, True)
        ] * len(looking)
        boards = [json.loads(answer.result().content) for answer in looking[:6]]
        assert [board["entries"][0]["score"] for board in boards] == [20] * 6
        refused = [answer.result() for answer in hanging]
        assert {(answer.status, answer.code, answer.headers["Retry-After"]) for answer in refused} == {
            (503, "unavailable", "2")
        }
        assert max(answer.seconds for answer in refused) < WITHIN_SECONDS
        # Now it is known.
        assert send(server, "GET", "/readyz").status == 503
        known = [threads.submit(send, server, "GET", path) for path in FOR_EVERYBODY if path != "/readyz"]
        known += [
            threads.submit(act, server, ada, "known"),
            threads.submit(login, server),
            threads.submit(own_place, server, ada),
        ]
        assert [answer.result().status for answer in known] == [200] * 7 + [503] * 3
        assert max(answer.result().seconds for answer in known) < AT_ONCE_SECONDS
        assert send(server, "PATCH", UPDATE, {"action": "daily-quiz"}, JSON).code == "not_authenticated"
    wait_until(lambda: is_ready(server), seconds=6, what="A database that answers again")
    assert (act(server, ada, "later").status, login(server).status, own_place(server, ada).status) == (200, 200, 200)
    # Nothing of all that was refused is written afterwards.
    assert list(AuditEntry.objects.filter(player=ada.pk).values_list("seq", "balance")) == [(1, 10), (2, 20), (3, 30)]
    assert "Traceback" not in server.log
    check_chain(ada)


def test_an_open_board_moves_again_by_itself(ada: Score, scoreboard_server: Start, postgresql: PostgreSQL) -> None:
    server = scoreboard_server()
    use_once(server, ada)
    with websocket(f"{server.url.replace('http', 'ws')}/ws/scoreboard") as socket:
        assert json.loads(socket.recv(timeout=5))["data"]["entries"][0]["score"] == 20
        with postgresql.paused():
            wait_until(lambda: not is_ready(server), seconds=5, what="The news that it stands still")
            assert act(server, ada, "paused").status == 503
        wait_until(lambda: act(server, ada, "again").status == 200, seconds=6, what="A database that answers again")
        assert json.loads(socket.recv(timeout=6))["data"]["entries"][0]["score"] == 30


def test_an_update_that_was_written_without_an_answer_is_said_to_be_unknown_and_counts_once(
    ada: Score, scoreboard_server: Start, postgresql: PostgreSQL, threads: ThreadPoolExecutor
) -> None:
    with AnswerLosingProxy(postgresql.port) as proxy:
        server = scoreboard_server(DATABASE_URL=through(proxy))
        use_once(server, ada)
        for number, path in enumerate((UPDATE, VIEW), start=3):
            with connect() as other:
                other.execute("LOCK TABLE audit_auditentry IN SHARE MODE")
                sent = threads.submit(act, server, ada, f"unknown-{number}", path)
                wait_until(waits_for_a_lock, seconds=10, what="A write that waits")
                proxy.lose_answers()
            answer = sent.result()
            assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "outcome_unknown", "2")
            assert answer.seconds < WITHIN_SECONDS
            assert AuditEntry.objects.filter(player=ada.pk).count() == number
            proxy.answer_again()
            wait_until(lambda: is_ready(server), seconds=6, what="A database that answers again")
            said = json.loads(act(server, ada, f"unknown-{number}", path).content)
            assert (said["replayed"], said["score"], said["entry"]["seq"]) == (True, 10 * number, number)
        assert AuditEntry.objects.filter(player=ada.pk).count() == 4
        assert "Traceback" not in server.log
        check_chain(ada)


def test_an_update_that_stood_still_in_its_write_is_unknown_too_and_counts_once(
    ada: Score, scoreboard_server: Start, postgresql: PostgreSQL, threads: ThreadPoolExecutor
) -> None:
    server = scoreboard_server()
    use_once(server, ada)
    with connect() as other:
        other.execute("LOCK TABLE audit_auditentry IN SHARE MODE")
        sent = threads.submit(act, server, ada, "unknown")
        wait_until(waits_for_a_lock, seconds=10, what="A write that waits")
        with postgresql.paused():
            answer = sent.result()
        assert (answer.status, answer.code) == (503, "outcome_unknown")
        assert answer.seconds < WITHIN_SECONDS
    wait_until(lambda: is_ready(server), seconds=6, what="A database that answers again")
    assert json.loads(act(server, ada, "unknown").content)["score"] == 30
    assert AuditEntry.objects.filter(player=ada.pk).count() == 3
    check_chain(ada)


def test_a_commit_without_an_answer_is_said_to_be_unknown(
    ada: Score, scoreboard_server: Start, postgresql: PostgreSQL
) -> None:
    """Whatever writes in a transaction: here a refresh token that is spent."""
    with AnswerLosingProxy(postgresql.port) as proxy:
        server = scoreboard_server(DATABASE_URL=through(proxy))
        use_once(server, ada)
        body = {"refresh": str(issue(ada, RefreshToken))}
        proxy.lose_answers_to(b"COMMIT")
        answer = send(server, "POST", "/api/token/refresh", body, JSON)
        assert (answer.status, answer.code) == (503, "outcome_unknown")
        assert answer.seconds < WITHIN_SECONDS
        proxy.answer_again()
        wait_until(lambda: is_ready(server), seconds=6, what="A database that answers again")
        assert (SpentRefreshToken.objects.count(), send(server, "POST", "/api/token/refresh", body, JSON).code) == (
            1,
            "token_invalid",
        )


def test_lost_packets_are_no_different_and_a_new_connection_does_not_hang(
    ada: Score, scoreboard_server: Start, postgresql: PostgreSQL, threads: ThreadPoolExecutor
) -> None:
    with AnswerLosingProxy(postgresql.port) as proxy:
        server = scoreboard_server(DATABASE_URL=through(proxy))
        use_once(server, ada)
        proxy.lose_answers()
        end_other_sessions()
        answers = [threads.submit(own_place, server, ada) for _ in range(6)] + [
            threads.submit(act, server, ada, "lost")
        ]
        looking = [threads.submit(send, server, "GET", path) for path in FOR_EVERYBODY if path != "/readyz"]
        assert [answer.result().status for answer in looking] == [200] * 7
        assert max(answer.result().seconds for answer in looking) < AT_ONCE_SECONDS
        assert {answer.result().status for answer in answers} == {503}
        assert max(answer.result().seconds for answer in answers) < WITHIN_SECONDS
        proxy.answer_again()
        wait_until(lambda: is_ready(server), seconds=6, what="A database that answers again")
        assert json.loads(act(server, ada, "lost").content)["score"] == 30


@pytest.mark.parametrize(("path", "count"), [(UPDATE, 55), (VIEW, 15)])
def test_players_who_are_held_take_nobodys_place(
    path: str, count: int, ada: Score, scoreboard_server: Start, threads: ThreadPoolExecutor
) -> None:
    server, grace, eve = scoreboard_server(SCORE_UPDATE_RATE="0"), make_player("Grace"), make_player("Eve")
    use_once(server, ada)
    with connect() as other:
        other.execute("SELECT FROM scores_score WHERE id = ANY(%s) FOR UPDATE", [[ada.pk, grace.pk]])
        held = [
            threads.submit(act, server, player, f"held-{number}", path)
            for number in range(count)
            for player in (ada, grace)
        ]
        assert [act(server, eve, f"free-{number}", path).status for number in range(5)] == [200] * 5
        assert own_place(server, ada).status == 200
        assert not any(answer.done() for answer in held)
    assert {answer.result().status for answer in held} == {200}
    assert [AuditEntry.objects.filter(player=player.pk).count() for player in (ada, grace, eve)] == [
        count + 2,
        count,
        5,
    ]
    for player in (ada, grace, eve):
        check_chain(player)


def test_a_flood_of_logins_touches_nobody_else(
    ada: Score, scoreboard_server: Start, threads: ThreadPoolExecutor
) -> None:
    server = scoreboard_server(LOGIN_RATE="0", LOGIN_ADDRESS_RATE="0")
    use_once(server, ada)
    logins = [threads.submit(login, server, "wrong") for _ in range(30)]
    for number in range(3):
        assert (act(server, ada, f"beside-{number}", VIEW).status, own_place(server, ada).status) == (200, 200)
        assert all(send(server, "GET", path).status == 200 for path in FOR_EVERYBODY)
    answers = [answer.result() for answer in logins]
    assert {(answer.status, answer.code) for answer in answers} == {(401, "login_failed"), (503, "unavailable")}
    assert max(answer.seconds for answer in answers) < WITHIN_SECONDS
    assert {answer.headers["Retry-After"] for answer in answers if answer.status == 503} == {"2"}
