"""The recipes in CONTRIBUTING.md: a stop that is forgotten is a test that fails, here or where the recipe says."""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client
from pytest_django import Settings

from audit import entry_check
from audit.models import AuditEntry
from audit.verification import ChainCheck
from scoreboard_project.env import SETTINGS
from scores import errors
from scores.admin.acts import ACTS
from scores.http import limits
from scores.investigation import corrections, detection
from scores.management.correction import CorrectionCommand
from scores.models import Flag, Score
from tests.support.acting import access_token, make_player, update
from tests.support.processes import ROOT
from tests.support.stated import make_call, make_line, send_awards

pytestmark = pytest.mark.any_database

#: What all tests say but this one and the one that reads the same tables.
TESTS = {
    path: path.read_text(encoding="utf-8")
    for path in (ROOT / "tests").rglob("*.py")
    if path.name not in {Path(__file__).name, "test_contract.py"}
}


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def read_rows(document: str, heading: str) -> list[str]:
    """The first cells of the tables under this heading."""
    [part] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", read(document), re.M | re.S)
    return re.findall(r"^\| (.*?) \|", part, re.M)


def is_tested(*words: str, below: str = "tests") -> bool:
    texts = [text for path, text in TESTS.items() if path.is_relative_to(ROOT / below)]
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in words for text in texts)


def test_there_is_a_recipe_for_each_in_five_lines() -> None:
    text = read("CONTRIBUTING.md").partition("## Recipes\n")[2].partition("\n## ")[0]
    recipes = re.findall(r"^\*\*A new ([^*]+)\.\*\*(.*?)(?=\n\n|\Z)", text, re.M | re.S)
    assert [title for title, _ in recipes] == [
        "problem code", "setting", "limit", "rule of suspicion", "act of the desk", "check of `verify_ledger`",
    ]  # fmt: skip
    assert [title for title, recipe in recipes if len(recipe.splitlines()) > 5] == []
    named = {name for _, recipe in recipes for name in re.findall(r"`([\w/.]+\.(?:py|md|example))`", recipe)}
    places = ("", "tests/project/", "tests/scores/admin/", "scores/investigation/", "scoreboard_project/")
    assert [name for name in sorted(named) if not any((ROOT / place / name).exists() for place in places)] == []


def test_every_name_in_a_recipe_is_there() -> None:
    text = read("CONTRIBUTING.md").partition("## Recipes\n")[2].partition("\n## ")[0]
    placed = re.findall(r"`(\w+)` (?:of|in)\s+`([\w/.]+\.py)`", text)
    assert [(name, path) for name, path in placed if not is_defined(name, read(path))] == []
    assert {name for name, _ in placed} == {"SETTINGS", "LIMITED_BY_THEMSELVES", "EXAMPLES", "ACTS", "CHECKS"}
    code = "\n".join(
        read(str(path)) for room in ("audit", "scores", "scoreboard_project") for path in (ROOT / room).rglob("*.py")
    )
    named = {
        name.rpartition(".")[2]
        for name in re.findall(r"`([\w.]+)`", text)
        if not name.endswith((".py", ".md", ".example"))
    }
    missing = {name for name in named - {name for name, _ in placed} if not is_defined(name, code)}
    assert missing - get_commands().keys() == set()
    assert len(named) > 8


def is_defined(name: str, code: str) -> bool:
    return re.search(rf"^\s*(?:(?:async )?def|class) {name}\b|^\s*{name}\b[^=\n]* = ", code, re.M) is not None


# --- A problem code. That it stands in docs/contract.md: test_contract.py; in docs/api.md if the API answers it: test_docs_tables.py.


def list_refusals() -> list[type[errors.Refused]]:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.Refused)]
    return [kind for kind in kinds if kind is not errors.Refused]


def test_every_code_is_described_for_the_api_or_said_to_be_elsewhere(client: Client) -> None:
    schema = json.loads(client.get("/api/schema").content)
    answers = [
        answer
        for methods in schema["paths"].values()
        for one in methods.values()
        for answer in one["responses"].values()
    ]
    described = {code for answer in answers for code in re.findall(r"`(\w+)`", answer["description"])}
    elsewhere = set(
        re.findall(
            r"^\| `(\w+)` \|.*(?:at the desk and in commands|\(13\.3\)|\(4\.5\)) \|$", read("docs/contract.md"), re.M
        )
    )
    assert {kind.code for kind in list_refusals()} - described == elsewhere


def test_every_refusal_is_raised_somewhere_and_met_by_a_test() -> None:
    product = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("scores", "scoreboard_project")
        for path in (ROOT / room).rglob("*.py")
    )
    kinds = list_refusals()
    raised = {kind for kind in kinds if len(re.findall(rf"\b{kind.__name__}\b", product)) > 1}
    assert [kind.__name__ for kind in kinds if kind not in raised] == []
    assert [kind.__name__ for kind in kinds if not is_tested(f'"{kind.code}"', kind.__name__)] == []


# --- A setting. README's table and .env.example: test_docs_tables.py; that `config` tells it: test_config.py.


def test_every_setting_is_read_by_a_typed_reader_and_set_by_a_test() -> None:
    code = "".join(read(f"scoreboard_project/{name}.py") for name in ("settings", "databases", "readers"))
    found = set(re.findall(r'\b(?:env|self)\.\w+\(\s*"([A-Z_]+)"', code))
    assert found == {setting.name for setting in SETTINGS}
    assert [setting.name for setting in SETTINGS if not is_tested(setting.name)] == []


# --- A limit. Its row in docs/contract.md: test_contract.py.


def post(path: str, body: dict[str, str]) -> Callable[[int, str], Any]:
    return lambda number, token: Client().post(path, body, content_type="application/json")


def get(path: str, **headers: str) -> Callable[[int, str], Any]:
    return lambda number, token: Client().get(path, headers=headers)


#: A request that is counted under each limit.
EXAMPLES: dict[str, Callable[[int, str], Any]] = {
    "player": lambda number, token: update({"action": "daily-quiz"}, token=token, key=str(number)),
    "issuer": lambda number, token: send_awards(make_call([make_line(UUID(int=number))])),
    "forgery": lambda number, token: send_awards({"statement": "x", "awards": [make_line(UUID(int=number))]}),
    "read": get("/api/score/top"),
    "costly": get("/api/players?name=ada"),
    "read-unchanged": get("/api/score/top", If_None_Match="*"),
    "page": get("/embed"),
    "login": post("/api/token", {"username": "nobody", "password": "wrong"}),
    "login-address": post("/api/token", {"username": "nobody", "password": "wrong"}),
    "refresh-address": post("/api/token/refresh", {"refresh": "x"}),
    "revoke-address": post("/api/token/revoke", {"refresh": "x"}),
}
#: Those take a hundred networks to meet.
GUESSING = {"login-account", "login-slowed"}
LIMITS = {
    kind.name: kind
    for _, kind in inspect.getmembers(limits, inspect.isclass)
    if issubclass(kind, limits.RateLimit) and "name" in vars(kind)
}


def test_every_limit_has_an_example() -> None:
    assert LIMITS.keys() == EXAMPLES.keys() | GUESSING
    assert is_tested("test_a_hundred_networks_have_thirty_guesses_and_then_one_a_minute_together")


@pytest.mark.django_db
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_limit_counts_refuses_and_says_its_name(name: str, settings: Settings) -> None:
    token = access_token(make_player())
    setattr(settings, LIMITS[name].rate_setting, "1/d")
    for number in range(12):
        answer = EXAMPLES[name](number, token)
        # What has a limit of its own is no page besides: see LIMITED_BY_THEMSELVES.
        said = re.findall(r'"([\w-]+)";q=', answer.headers["RateLimit-Policy"])
        assert name in said
        assert ("page" in said) == (name == "page")
        if answer.status_code == 429:
            break
    assert (answer.status_code, number) == (429, 10 if name == "read-unchanged" else 1)


# --- A rule of suspicion. Its migration: ./dev check.


def test_every_rule_has_a_finder_that_is_called_and_tested() -> None:
    code = inspect.getsource(detection)
    functions = [
        node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef) and node.name.startswith("find_")
    ]
    rules = {node.name: set(re.findall(r"Flag\.Rule\.(\w+)", ast.unparse(node))) for node in functions}
    assert set().union(*rules.values()) == set(Flag.Rule.names)
    used = [path.read_text(encoding="utf-8") for path in (ROOT / "scores/investigation").glob("*.py")]
    assert [name for name in rules if sum(len(re.findall(rf"\b{name}\b", text)) for text in used) < 2] == []
    assert [name for name in rules if not is_tested(name, below="tests/scores/investigation")] == []


def test_every_rule_is_told_to_investigators() -> None:
    told = read_rows("docs/investigation.md", "Suspicion")
    assert [label for label in Flag.Rule.labels if told.count(label.lower()) != 1] == []


# --- An act of the desk. Its row in docs/investigation.md: test_site.py.


@pytest.mark.parametrize("name", ACTS)
def test_every_act_has_its_service_entry_command_and_permission(name: str) -> None:
    assert ACTS[name].service is getattr(corrections, name)
    assert name in AuditEntry.Kind.values
    assert isinstance(load_command_class(get_commands()[name], name), CorrectionCommand)
    assert re.search(rf"act/{name}/", read("tests/scores/admin/test_site.py")), "Add a sample address to the matrix."
    contract = read("docs/contract.md")
    assert all(f"`{name}`" in contract.partition(f"\n## {number}. ")[2].partition("\n## ")[0] for number in (7, 15))


# --- A check of verify_ledger.


def find_rules(module: str) -> Iterator[str]:
    """The rules of every `Finding` that a module makes, whatever way it names them."""
    names = vars(importlib.import_module(module))
    for function in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module)))):
        if not isinstance(function, ast.FunctionDef):
            continue
        made = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
        ]
        for rule in (node.args[0] for node in made):
            if isinstance(rule, ast.Constant):
                yield str(rule.value)
            elif isinstance(rule, ast.JoinedStr):
                yield re.sub(r"\{\w+\}", "COLUMN", ast.unparse(rule)).strip("f'\"")
            elif ast.unparse(rule) in names:
                yield names[ast.unparse(rule)]
            else:
                yield from _find_named(function)


def _find_named(function: ast.FunctionDef) -> Iterator[str]:
    """Of a rule that is a variable: what is assigned to it, or the first of each tuple of a list of rules."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "rule":
            parts = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            yield from (str(part.value) for part in parts if isinstance(part, ast.Constant))
        if isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[0], ast.Constant):
            yield str(node.elts[0].value)


def list_rules() -> set[str]:
    files = [path for room in ("audit", "scores/integrity") for path in (ROOT / room).glob("*.py")]
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in files
        if "Finding(" in path.read_text(encoding="utf-8")
    ]
    return {rule for module in modules for rule in find_rules(module)}


def test_every_rule_of_verification_is_told_to_operators() -> None:
    told = {
        rule for cell in read_rows("docs/operations.md", "Verification") for rule in re.findall(r"`([\w.]+)`", cell)
    }
    assert told == list_rules()


def test_every_rule_of_verification_is_broken_by_a_test() -> None:
    # Each column of an entry and of a score is changed by test_every_column_that_is_changed_is_a_finding.
    columns = {"score.COLUMN", *(f"score.{field.name}" for field in Score._meta.concrete_fields)}
    columns |= {field.name for field in AuditEntry._meta.concrete_fields}
    assert [rule for rule in sorted(list_rules() - columns) if not is_tested(f'"{rule}"')] == []


def test_every_rule_about_an_entry_is_a_check_of_its_page() -> None:
    about_entries = set(_find_named(ast.parse(inspect.getsource(ChainCheck)).body[0]))  # type: ignore[arg-type]
    assert set().union(*(rules for _, rules, _ in entry_check.CHECKS)) == about_entries
