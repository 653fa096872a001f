"""The API's own description, against the API: schemathesis makes requests from it and looks for what it does not say."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from scores.models import Action
from tests.scores.acting import access_token, make_player
from tests.servers import ScoreboardServer

ROUTES = {
    "/api/score/update": "patch",
    "/api/score/top": "get",
    "/api/score/me": "get",
    "/api/token": "post",
    "/api/token/refresh": "post",
    "/api/token/revoke": "post",
}


@pytest.mark.django_db(transaction=True)
def test_requests_made_from_the_description_find_nothing(
    scoreboard_server: Callable[..., ScoreboardServer], tmp_path: Path
) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    server = scoreboard_server(SCORE_UPDATE_RATE="0", LOGIN_RATE="0", LOGIN_ADDRESS_RATE="0", READ_RATE="0")
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/api/schema"]
    options = ["--max-examples", "25", "--seed", "1", "--phases", "examples,coverage,fuzzing", "--no-color"]
    # An update with `action` needs a header that one with `receipt` does not: OpenAPI cannot say so.
    checks = ["--exclude-checks", "positive_data_acceptance"]
    header = ["-H", f"Authorization: Bearer {access_token(make_player())}"]
    # What is longer than a field allows may be longer than the route takes at all, which schemathesis does not foresee.
    (tmp_path / "schemathesis.toml").write_text('[checks.negative_data_rejection]\nexpected-statuses = ["4xx"]\n')
    run = subprocess.run(
        [*command, *options, *checks, *header], capture_output=True, text=True, timeout=170, cwd=tmp_path, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:]
    assert "Traceback" not in server.log


@pytest.mark.django_db(transaction=True)
def test_the_description_is_openapi_3_1_and_names_every_route_and_its_refusals(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    with urllib.request.urlopen(f"{scoreboard_server().url}/api/schema", timeout=10) as response:
        document = json.load(response)
    assert document["openapi"].startswith("3.1")
    assert {path: next(iter(methods)) for path, methods in document["paths"].items()} == ROUTES
    update = document["paths"]["/api/score/update"]["patch"]["responses"]
    expected = ["200", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "500", "503"]
    assert sorted(update) == expected
    assert all("application/problem+json" in update[status]["content"] for status in expected[1:])
