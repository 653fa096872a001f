"""The databases as Django connects with them, from what an operator sets."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from scoreboard_project.databases import read_databases
from scoreboard_project.readers import Environment

HERE = Path("/nowhere")
PRIMARY, REPLICA = "postgresql://ada@h1/scores", "postgresql://ada@h2,h3/scores"

pytestmark = pytest.mark.any_database


def read(**variables: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return read_databases(Environment(variables, HERE), HERE)


def test_without_any_it_is_a_file_in_the_folder() -> None:
    databases, web = read()
    assert databases.keys() == {"default"}
    assert databases["default"]["NAME"] == HERE / "scoreboard.sqlite3"
    assert databases["default"]["ENGINE"] == "scores.database.sqlite"
    assert databases["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert web == {"timeout": 3}


def test_a_primary_and_its_replica_are_connected_with_alike_but_for_whom_they_look() -> None:
    databases, web = read(DATABASE_URL=PRIMARY.replace("h1", "h1,h2"), READ_DATABASE_URL=REPLICA, DATABASE_POOLED="on")
    assert databases.keys() == {"default", "replica"}
    looked_for = {alias: database["OPTIONS"].pop("target_session_attrs") for alias, database in databases.items()}
    assert looked_for == {"default": "read-write", "replica": "prefer-standby"}
    primary, replica = databases["default"], databases["replica"]
    assert primary["ENGINE"] == replica["ENGINE"] == "scores.database.postgresql"
    assert primary["OPTIONS"] == replica["OPTIONS"]
    assert primary["OPTIONS"]["pooled"] is True
    assert primary["OPTIONS"]["session"] == {"jit": "off"}
    assert (primary["HOST"], replica["HOST"]) == ("h1,h2", "h2,h3")
    assert web["session"]["jit"] == "off"


@pytest.mark.parametrize(
    "variables",
    [
        {"READ_DATABASE_URL": REPLICA},
        {"DATABASE_URL": PRIMARY, "READ_DATABASE_URL": "sqlite:////nowhere/scores.sqlite3"},
    ],
)
def test_a_replica_is_one_of_postgresql(variables: dict[str, str]) -> None:
    with pytest.raises(
        ImproperlyConfigured, match="READ_DATABASE_URL names a replica of DATABASE_URL: both must begin with"
    ):
        read(**variables)


def test_another_engine_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must begin with postgresql:// or sqlite:///"):
        read(DATABASE_URL="mysql://ada@h1/scores")
