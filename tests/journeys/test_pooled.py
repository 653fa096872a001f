"""Behind a real PgBouncer in transaction mode, with fewer sessions than clients: everything works, or the log names the setting."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from scores.catalogue import set_action
from scores.database.pooling import ADVICE
from scores.models import Score
from tests.support.acting import UPDATE, make_player, make_receipt
from tests.support.chains import check_chain
from tests.support.commands import last_line, run
from tests.support.http_client import VIEW, ask, bearer
from tests.support.pgbouncer import PgBouncer
from tests.support.plugin import Profile
from tests.support.servers import ScoreboardServer
from tests.support.tampering import make_history

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
Start = Callable[..., ScoreboardServer]
CLIENTS, ROUNDS = 24, 20


@pytest.fixture
def pgbouncer(profile: Profile) -> Iterator[PgBouncer]:
    assert profile.postgresql is not None
    with PgBouncer(profile.postgresql, default_pool_size="3") as server:
        yield server


@pytest.fixture
def careless_pgbouncer(profile: Profile) -> Iterator[PgBouncer]:
    """One that drops the settings of a session instead of refusing them."""
    assert profile.postgresql is not None
    with PgBouncer(profile.postgresql, ignore_startup_parameters="options") as server:
        yield server


@pytest.fixture
def players(transactional_db: None) -> list[Score]:
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    return [make_player(f"Player {number}") for number in range(8)]


def url(pgbouncer: PgBouncer) -> str:
    return pgbouncer.database_url(str(connection.settings_dict["NAME"]))


def flood(server: ScoreboardServer, players: list[Score]) -> list[tuple[int, str]]:
    """What all clients were answered, who send at once in front of Django, by its view, and with receipts."""

    def send(number: int) -> list[tuple[int, str]]:
        player, answers = players[number % len(players)], []
        for turn in range(ROUNDS):
            body = {"action": "daily-quiz"} if turn % 3 else {"receipt": make_receipt(player, act="daily-quiz", pts=10)}
            path = VIEW if turn % 4 == 0 else UPDATE
            headers = bearer(player, None if "receipt" in body else f"{number}-{turn}")
            response, content = ask(server, "PATCH", path, json.dumps(body), headers)
            answers.append((response.status, json.loads(content).get("code", "")))
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for answers in pool.map(send, range(CLIENTS)) for answer in answers]


def test_every_update_is_counted_once_and_verifies(
    players: list[Score], scoreboard_server: Start, pgbouncer: PgBouncer
) -> None:
    server = scoreboard_server(workers=2, SCORE_UPDATE_RATE="0", DATABASE_URL=url(pgbouncer), DATABASE_POOLED="on")
    assert set(flood(server, players)) == {(200, "")}
    for player in players:
        check_chain(player)
    assert sum(player.points for player in players) == CLIENTS * ROUNDS * 10
    verified = run("verify_ledger", DATABASE_URL=url(pgbouncer), DATABASE_POOLED="on")
    assert (verified.returncode, "no findings" in verified.stdout) == (0, True), verified.stderr
    assert "Traceback" not in server.log
    assert ADVICE not in server.log
    response, content = ask(server, "GET", "/readyz")
    assert (response.status, json.loads(content)["status"]) == (200, "ok")


def test_every_command_and_page_works(
    scoreboard_server: Start, pgbouncer: PgBouncer, tmp_path: Path, settings: Settings
) -> None:
    exported = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(exported)
    ada, bea, _ = make_history()
    User.objects.create_superuser("root")
    why = ("--reason", "tried behind a pooler")
    for words in (
        ("migrate",),
        ("seal_ledger",),
        ("make_action", "forum-post", "--points", "5"),
        ("void", str(ada.pk), "2", *why),
        ("rename", str(ada.pk), "Ada Lovelace", *why),
        ("freeze", str(bea.pk), *why),
        ("unfreeze", str(bea.pk), *why),
        ("erase_player", str(bea.pk), *why),
        ("detect",),
        ("rebuild_scores", "--check"),
        ("seal_ledger",),
        ("verify_ledger", "--pinned", str(exported)),
    ):
        done = run(*words, DATABASE_URL=url(pgbouncer), DATABASE_POOLED="on", CHECKPOINT_EXPORT=str(exported))
        assert done.returncode == 0, (words, done.stderr)
    assert len(exported.read_text().splitlines()) == 5
    server = scoreboard_server(DATABASE_URL=url(pgbouncer), DATABASE_POOLED="on")
    desk = {"Cookie": sign_in("root")}
    for path in (
        *("/", "/embed", "/api/score/top", "/.well-known/scoreboard-checkpoint", "/admin/", "/admin/scores/score/"),
        *(reverse(f"admin:scores_score_{page}", args=[ada.pk]) for page in ("player", "case")),
        *("/admin/audit/auditentry/", "/admin/audit/auditentry/export/csv", "/admin/audit/auditentry/export/jsonl"),
    ):
        response, content = ask(server, "GET", path, headers=desk)
        assert response.status == HTTPStatus.OK, (path, content[:200])
    assert json.loads(content.splitlines()[-1])["end"] == "end of export"
    assert "Traceback" not in server.log


def sign_in(username: str) -> str:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def test_without_the_setting_the_log_and_readyz_name_it_and_no_answer_is_a_500(
    players: list[Score], scoreboard_server: Start, careless_pgbouncer: PgBouncer
) -> None:
    server = scoreboard_server(workers=2, SCORE_UPDATE_RATE="0", DATABASE_URL=url(careless_pgbouncer))
    answers = set(flood(server, players))
    assert answers == {(200, ""), (503, "unavailable")}
    refusals = [line for line in server.log.splitlines() if "prepared statement" in line]
    assert refusals
    assert all(f"{ADVICE} (" in line for line in refusals)
    assert "Traceback" not in server.log
    for player in players:
        check_chain(player)
    response, content = ask(server, "GET", "/readyz")
    ready = json.loads(content)
    assert (response.status, ready["status"]) == (200, "degraded")
    assert ready["parts"]["database"] == "shares sessions: set DATABASE_POOLED=on"


def test_a_start_that_the_pooler_refuses_names_the_setting(transactional_db: None, pgbouncer: PgBouncer) -> None:
    said = last_line(run("serve", DATABASE_URL=url(pgbouncer)))
    assert said.startswith(f"Database: {ADVICE} (connection failed: ")
    assert said.endswith("unsupported startup parameter: options).")


def test_config_names_the_setting(transactional_db: None, careless_pgbouncer: PgBouncer) -> None:
    configuration = run("config", DATABASE_URL=url(careless_pgbouncer))
    assert configuration.returncode == 1
    assert f"- {ADVICE}." in configuration.stderr.splitlines()
    assert ADVICE not in run("config", DATABASE_URL=url(careless_pgbouncer), DATABASE_POOLED="on").stderr
    assert ADVICE not in run("config", DATABASE_URL=os.environ["DATABASE_URL"]).stderr
