"""Clients that others' tools make from the API's description: compiled, and used for what a site does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings
from django.test import Client
from pytest_django import Settings

from scores.models import Action
from tests.support.acting import PASSWORD, make_claims, make_player, make_receipt, sign
from tests.support.npm import TOOLS, install_packages
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

CLIENTS = ROOT / "tests" / "clients"
TYPESCRIPT = CLIENTS / "typescript"
#: What the calls of the two clients are answered, in their order, and the board after them.
EXPECTED = [
    [401, 401, "login_failed"],
    [200, 10, False],
    [200, 35, True],
    [400, 400, "idempotency_key_required"],
    [401, 401, "token_invalid"],
    [403, 403, "receipt_subject"],
    [404, 404, "unknown_action"],
    [409, 409, "receipt_used"],
    [413, 413, "payload_too_large"],
    [422, 422, "idempotency_conflict"],
    [422, 422, "receipt_invalid"],
    [429, 429, "cooldown"],
    [503, 503, "unavailable"],
    [[1, "Ada", 35]],
]


@pytest.fixture
def description(client: Client, tmp_path: Path) -> Path:
    """The file that generators are given."""
    path = tmp_path / "openapi.json"
    path.write_bytes(client.get("/api/schema").content)
    return path


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """What one of the generators' or compilers' tools says; it must end well."""
    environment = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def given(scoreboard_server: Callable[..., ScoreboardServer], settings: Settings) -> str:
    """Where a client finds the server, and with what it acts there."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the server's, where the password is checked
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10, cooldown_seconds=3600)
    Action.objects.create(slug="bug-bounty", label="Bug bounty", points=10)
    Action.objects.create(slug="tampered", label="Tampered", points=10)
    Action.objects.filter(slug="tampered").update(points=1000)
    claims = make_claims(make_player(), act="bug-bounty")
    document: dict[str, Any] = {
        "url": scoreboard_server().url,
        "password": PASSWORD,
        "receipt": sign(claims),
        "reused": sign({**claims, "pts": 26}),
        "stranger": make_receipt(make_player("Grace"), act="bug-bounty"),
        "forged": sign({**claims, "jti": "f" * 32})[:-4] + "AAAA",
    }
    return json.dumps(document)


@pytest.mark.django_db(transaction=True)
def test_a_python_client_is_made_compiles_and_does_all_a_site_does(
    description: Path, given: str, tmp_path: Path
) -> None:
    package = tmp_path / "scoreboard_client"
    said = run("openapi-python-client", "generate", "--path", description, "--output-path", package, "--meta", "none")
    assert "Warning" not in said, said
    run(sys.executable, "-W", "error", "-m", "compileall", "-q", package)
    answers = run(sys.executable, CLIENTS / "python_client.py", given, PYTHONPATH=str(tmp_path))
    assert json.loads(answers) == EXPECTED


@pytest.mark.django_db(transaction=True)
def test_a_typescript_client_is_made_compiles_and_does_all_a_site_does(description: Path, given: str) -> None:
    install_packages(TYPESCRIPT)
    tool = TYPESCRIPT / "node_modules" / ".bin"
    run(tool / "openapi-typescript", description, "--output", "generated/api.d.ts", cwd=TYPESCRIPT)
    run(tool / "tsc", cwd=TYPESCRIPT)
    answers = run("node", "generated/client.js", given, cwd=TYPESCRIPT)
    assert json.loads(answers) == EXPECTED
