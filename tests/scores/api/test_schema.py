"""The API's own description, against the API: schemathesis makes requests from it and looks for what it does not say."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from scores.models import Action
from tests.support.acting import access_token, make_player, update
from tests.support.servers import ScoreboardServer

ROUTES = {
    "/api/score/update": "patch",
    "/api/awards": "post",
    "/api/score/top": "get",
    "/api/score/me": "get",
    "/api/score/me/proof": "get",
    "/api/boards": "get",
    "/api/corrections": "get",
    "/api/boards/{slug}": "get",
    "/api/boards/{slug}/periods": "get",
    "/api/boards/{slug}/{period}": "get",
    "/api/boards/{slug}/{period}/me": "get",
    "/api/boards/{slug}/{period}/results": "get",
    "/api/boards/{slug}/{period}/proof": "get",
    "/api/players": "get",
    "/api/players/{player}": "get",
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


def test_an_update_has_one_of_two_bodies_which_nothing_fits_both_of(client: Client) -> None:
    document = json.loads(client.get("/api/schema").content)
    schemas, body = document["components"]["schemas"], document["paths"]["/api/score/update"]["patch"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/UpdateBody"}
    names = ["ActionUpdate", "ReceiptUpdate"]
    assert schemas["UpdateBody"] == {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
    for name, field in zip(names, ("action", "receipt"), strict=True):
        assert (list(schemas[name]["properties"]), schemas[name]["required"]) == ([field], [field])
        assert schemas[name]["additionalProperties"] is False


def test_every_body_is_required_and_no_description_is_of_our_classes(client: Client) -> None:
    document = json.loads(client.get("/api/schema").content)
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert [operation["requestBody"]["required"] for operation in operations if "requestBody" in operation] == [
        True
    ] * 5
    assert [operation["description"] for operation in operations] == [f"{each['summary']}." for each in operations]


def test_every_answer_names_its_headers_and_every_field_its_bounds(client: Client) -> None:
    document = json.loads(client.get("/api/schema").content)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                expected = {"X-Request-ID", "RateLimit", "RateLimit-Policy", "Cache-Control"}
                expected |= {"401": {"WWW-Authenticate"}, "405": {"Allow"}}.get(status, set())
                expected |= {"Retry-After"} if status in {"429", "503"} else set()
                is_public = "304" in operation["responses"]
                expected |= {"ETag"} if is_public and status in {"200", "304"} else set()
                assert set(response["headers"]) == expected, (path, status)
    for name, schema in document["components"]["schemas"].items():
        for field, form in schema.get("properties", {}).items():
            bounds = {"string": "maxLength", "integer": "maximum", "array": "maxItems"}
            kinds = form.get("type") if isinstance(form.get("type"), list) else [form.get("type")]
            assert [kind for kind in kinds if kind in bounds and bounds[kind] not in form] == [], (name, field)


def test_the_examples_of_the_description_are_what_happens(db: None, client: Client) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    operation = json.loads(client.get("/api/schema").content)["paths"]["/api/score/update"]["patch"]
    sent = example(operation["requestBody"]["content"]["application/json"])
    promised = example(operation["responses"]["200"]["content"]["application/json"])
    response = update(sent, token=access_token(make_player(promised["player"]["name"])), key="an-example")
    answer = response.json()
    # Whose and which differ from site to site; everything else is as promised.
    for document in (answer, promised):
        del document["player"]["id"], document["entry"], document["score"]
    assert (response.status_code, answer) == (200, promised)


def example(content: dict[str, Any]) -> dict[str, Any]:
    (only,) = content["examples"].values()
    value: dict[str, Any] = only["value"]
    return value
