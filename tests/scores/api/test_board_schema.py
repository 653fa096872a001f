"""The description of the routes of boards and players: every status, every parameter with its bounds."""

import json
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.any_database

#: Path, parameters of its query, and the codes it refuses with, those of every route apart.
ROUTES: dict[str, tuple[set[str], set[str]]] = {
    "/api/boards": (set(), set()),
    "/api/boards/{slug}": (
        {"limit", "after", "from_rank", "around"},
        {"invalid_cursor", "unknown_board", "unknown_period", "not_ranked", "board_filling"},
    ),
    "/api/boards/{slug}/{period}": (
        {"limit", "after", "from_rank", "around"},
        {"invalid_cursor", "unknown_board", "unknown_period", "not_ranked", "board_filling"},
    ),
    "/api/boards/{slug}/periods": ({"limit", "before"}, {"unknown_board", "board_filling"}),
    "/api/boards/{slug}/{period}/me": (
        set(),
        {"not_authenticated", "token_invalid", "unknown_board", "unknown_period", "board_filling"},
    ),
    "/api/boards/{slug}/{period}/results": (
        set(),
        {"unknown_board", "unknown_period", "period_open", "board_filling"},
    ),
    "/api/boards/{slug}/{period}/proof": (set(), {"unknown_board", "unknown_period", "period_open", "board_filling"}),
    "/api/players": ({"name", "limit"}, set()),
    "/api/players/{player}": (set(), {"unknown_player"}),
    "/api/corrections": (set(), set()),
}
ALWAYS = {"invalid_query", "method_not_allowed", "rate_limited", "internal_error", "unavailable"}


@pytest.fixture
def paths(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(client.get("/api/schema").content)["paths"]
    return {
        path: methods["get"]
        for path, methods in document.items()
        if path.startswith(("/api/boards", "/api/pl", "/api/co"))
    }


def test_every_route_names_its_parameters_and_refusals(paths: dict[str, Any]) -> None:
    assert paths.keys() == ROUTES.keys()
    for path, (query, codes) in ROUTES.items():
        operation = paths[path]
        named = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        assert named == query, path
        refused = {
            code
            for status, answer in operation["responses"].items()
            if status not in {"200", "304"}
            for code in answer["description"].replace("`", "").split(", ")
        }
        assert refused == codes | ALWAYS, path


def test_what_everybody_sees_can_be_unchanged_and_an_own_place_cannot(paths: dict[str, Any]) -> None:
    own = {path for path, operation in paths.items() if "304" not in operation["responses"]}
    assert own == {"/api/boards/{slug}/{period}/me"}
    assert [path for path, operation in paths.items() if operation.get("security")] == list(own)


def test_results_are_plain_text(paths: dict[str, Any]) -> None:
    content = paths["/api/boards/{slug}/{period}/results"]["responses"]["200"]["content"]
    assert list(content) == ["text/plain"]
