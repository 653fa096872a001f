"""SQLite whose write lock somebody else holds: updates wait and are refused in time, and nobody else notices."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.acting import UPDATE
from tests.support.http_client import JSON, ask
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/board.sqlite3", "REDIS_URL": ""}


@pytest.fixture
def token(environment: dict[str, str]) -> str:
    def run(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    run("migrate")
    run("make_action", "daily-quiz", "--points", "10")
    return run("make_players", "--count", "1", "--tokens").split()[-1]


@pytest.fixture
def server(environment: dict[str, str], token: str) -> Iterator[ScoreboardServer]:
    with ScoreboardServer(environment) as server:
        yield server


def test_a_writer_that_stays_holds_up_nobody_but_writers(server: ScoreboardServer, token: str, tmp_path: Path) -> None:
    def act(key: str) -> tuple[int, str, float]:
        began = time.monotonic()
        headers = JSON | {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        response, content = ask(server, "PATCH", UPDATE, '{"action": "daily-quiz"}', headers)
        return response.status, json.loads(content).get("code", ""), time.monotonic() - began

    assert act("first")[0] == 200
    other = sqlite3.connect(tmp_path / "board.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(10) as threads:
        waiting = [threads.submit(act, f"held-{number}") for number in range(10)]
        me = {"Authorization": f"Bearer {token}"}
        for path in (
            "/api/score/me",
            "/api/score/top",
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/static/scoreboard/board.css",
        ):
            assert ask(server, "GET", path, headers=me)[0].status == 200
        assert not any(answer.done() for answer in waiting)
        answers = [answer.result() for answer in waiting]
    assert {(status, code) for status, code, _ in answers} == {(503, "unavailable")}
    assert max(seconds for *_, seconds in answers) < 5
    other.execute("ROLLBACK")
    assert act("later")[0] == 200
    assert other.execute("SELECT count(*) FROM audit_auditentry WHERE kind = 'award'").fetchone() == (2,)
    other.close()
