"""/metrics: what was counted, of all workers together."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from audit.checkpoints import sign_checkpoints
from audit.models import Checkpoint
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.metrics import read_metrics, scrape
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer
from tests.support.tampering import tampering


@pytest.mark.any_database
@pytest.mark.postgresql
def test_two_workers_count_together(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    headers = {"Authorization": f"Bearer {access_token(make_player())}", "Content-Type": "application/json"}
    server = scoreboard_server(workers=2)
    for number in (*range(20), 0):
        key = {"Idempotency-Key": f"key-{number}"}
        for action, status in (("daily-quiz", 200), ("another", 422)):
            # A connection of its own for each, so that both workers get some.
            with contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
                connection.request("PATCH", "/api/score/update", json.dumps({"action": action}), headers | key)
                assert connection.getresponse().status == status
    for _ in range(5):  # whichever worker answers
        metrics = scrape(server)
        assert metrics['scoreboard_updates_total{result="awarded"}'] == 20
        assert metrics['scoreboard_updates_total{result="replayed"}'] == 1
        assert metrics['scoreboard_refusals_total{code="idempotency_conflict"}'] == 21
        assert metrics["scoreboard_announcements_total"] == 20
        assert metrics["scoreboard_pings_total"] <= 20
        assert metrics["scoreboard_threads_busy"] == 1
        assert metrics["scoreboard_limits_shared"] == 1
        assert metrics['scoreboard_request_seconds_count{route="api/score/update",status="2xx"}'] == 21


def test_the_age_of_the_newest_checkpoint_is_told(db: None, client: Client) -> None:
    assert "scoreboard_checkpoint_age_seconds" not in read_metrics(client.get("/metrics").content.decode())
    sign_checkpoints()
    age = read_metrics(client.get("/metrics").content.decode())["scoreboard_checkpoint_age_seconds"]
    assert 0 <= age < 60


def test_a_checkpoint_that_was_changed_in_the_database_leaves_the_other_metrics(
    db: None, client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")
    sign_checkpoints()
    with tampering():
        Checkpoint.objects.update(jws="a.b.c")
        told = client.get("/metrics")
    assert told.status_code == 200
    assert "scoreboard_checkpoint_age_seconds" not in read_metrics(told.content.decode())


def test_the_alerts_of_the_documents_name_metrics_that_exist() -> None:
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"scoreboard_(?:[a-z]+_)*[a-z]+", document.partition("## Watching")[2].partition("\n## ")[0])
    )
    script = "import django; django.setup(); from scores.metrics import render; print(render().decode())"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "scoreboard_project.settings"}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"^# TYPE (\S+)", told.stdout, re.M)) | {"scoreboard_checkpoint_age_seconds"}
    suffixes = ("", "_total", "_bucket", "_count", "_sum")
    assert named - {name + suffix for name in known for suffix in suffixes} == set()
    assert named
