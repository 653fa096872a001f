"""What the documents list is what there is: settings, codes, messages, commands, files."""

import json
import re
from io import StringIO

import pytest
from django.core.management import call_command, get_commands
from django.test import Client
from pytest_django import Settings

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def _no_collected_files(settings: Settings) -> None:
    """Static files are served from where they lie; the folder of collected ones need not exist."""
    settings.STATIC_ROOT = None


def test_env_example_is_what_config_prints() -> None:
    out = StringIO()
    call_command("config", "--env", stdout=out)
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == out.getvalue()


def test_the_table_of_settings_in_the_readme_is_what_config_prints() -> None:
    out = StringIO()
    call_command("config", "--markdown", stdout=out)
    assert out.getvalue().strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_errors_names_every_code_of_the_schema_and_no_other(client: Client) -> None:
    schema = json.loads(client.get("/api/schema").content)
    described = {
        (int(status), code)
        for methods in schema["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        for code in re.findall(r"`(\w+)`", response["description"])
    }
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert {(int(status), code) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text, re.M)} == described


OPERATIONS = "docs/operations.md"


def test_every_message_of_the_troubleshooting_tables_is_one_of_ours_or_of_the_systems() -> None:
    text = (ROOT / OPERATIONS).read_text(encoding="utf-8")
    tables = text.partition("## Start that is refused")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in tables.splitlines() if line.startswith("| ")]
    parts = {
        part.strip(" .:")
        for row in rows
        for message in re.findall(r"`([^`]+)`", row)
        for part in re.split(r"\.\.\.|\b(?:NAME|HOST:PORT)\b", message)
    } - {""}
    sources = [path for room in ("scoreboard_project", "scores", "audit") for path in (ROOT / room).rglob("*.py")]
    # Adjacent literals are one message.
    code = re.sub(r'"\s+f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in sources))
    system = {
        *("Connection refused", "password authentication failed", "unable to open database file", "Host"),
        *("database or disk is full", "No space left on device", "Address already in use", "X-Forwarded-Proto: https"),
    }
    assert {part for part in parts if part not in code} - system == set()
    assert len(parts) > 15


def test_commands_of_the_documents_exist() -> None:
    known = get_commands()
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:manage\.py|run --rm manage) ([a-z_]+)", text)
        assert set(named) - set(known) - {"commands"} == set(), path


def test_a_decision_has_at_most_fifteen_lines() -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "docs/decisions").iterdir()
    }
    assert {name: length for name, length in lengths.items() if length > 15} == {}


def test_files_that_the_documents_name_exist() -> None:
    rooms = "audit|benchmarks|docs|scoreboard_project|scores|static|templates|tests"
    # What docs/architecture.md names, test_architecture_doc.py looks for.
    documents = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "architecture.md"]
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks/README.md", *documents):
        named = set(
            re.findall(rf"\b(?:{rooms})/[\w./-]*\w\.(?:py|md|js|json|svg|png|html)\b", path.read_text(encoding="utf-8"))
        )
        assert [name for name in named if not (ROOT / name).exists()] == [], path
