"""docs/contract.md is what the code is: every code, path, command, limit and metric; and what is cited of it exists."""

import importlib
import inspect
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import get_resolver
from prometheus_client import REGISTRY

from scoreboard_project import server
from scoreboard_project.server.uvicorn_protocols.connection import EarlyRefusal
from scores import errors, metrics
from scores.http import limits
from scores.http.problems import GENERAL_CODES
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

CONTRACT = ROOT / "docs/contract.md"
TEXT = CONTRACT.read_text(encoding="utf-8")
SECTIONS = set(re.findall(r"^#{2,3} ([\d.]*\d)\.? ", TEXT, re.M))
#: `docs/contract.md 2.3`, in a document also as a link to it.
CITED = re.compile(r"contract\.md`?(?:\)| in)?[,\s]+(?:#\s*)?(\d+(?:\.\d+)?)\b")
#: Of Django's commands only those that we changed are part of it.
OURS = ("scores", "audit", "scoreboard_project.server")


def read_part(number: str) -> str:
    """The section of this number."""
    [part] = re.findall(rf"^(#+ {re.escape(number)}\.? .*?)(?=^#|\Z)", TEXT, re.M | re.S)
    return str(part)


def tracked_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    suffixes = {".py", ".md", ".toml", ".js", ".html", ".css", ".yaml", ""}
    return [ROOT / name for name in names.split("\0") if name and Path(name).suffix in suffixes]


def test_every_problem_code_stands_with_its_status_and_no_other() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.Refused)]
    ours = {(kind.code, kind.status) for kind in classes if kind is not errors.Refused}
    general = {(code, status) for status, code in GENERAL_CODES.items()}
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", read_part("2.2"), re.M)
    assert {(code, int(status)) for code, status in rows} == ours | general
    assert len(rows) == len(ours | general)


def test_the_api_page_gives_no_code_another_status() -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    told = {(code, status) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", page, re.M)}
    assert told - set(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", read_part("2.2"), re.M)) == set()


def test_every_refusal_of_the_server_itself_stands_with_its_number() -> None:
    found = set()
    for module in pkgutil.walk_packages(server.__path__, f"{server.__name__}."):
        if ".management" not in module.name:
            members = vars(importlib.import_module(module.name)).values()
            found |= {(int(refusal.status), refusal.code) for refusal in members if isinstance(refusal, EarlyRefusal)}
    rows = re.findall(r"^\| (\d{3,4}) \| `(\w+)` \|", read_part("2.4"), re.M)
    assert {(int(number), code) for number, code in rows} == found


def test_every_path_stands_in_it() -> None:
    named = set(re.findall(r"`(?:[A-Z]+ )?(/[^`]*)`", read_part("3.1")))
    # What is below /admin/ is the desk's own.
    patterns = {f"/{pattern.pattern}" for pattern in get_resolver().url_patterns}
    routes = {re.sub(r"<str:(\w+)>", lambda value: value[1].upper(), pattern) for pattern in patterns}
    assert named == routes | {"/ws/scoreboard", "/ws/boards/SLUG", "/ws/boards/SLUG/PERIOD", "/api"}


def test_every_command_of_ours_stands_in_it() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    rows = re.findall(r"^\| (`[^|]*`) \|", read_part("15"), re.M)
    assert {name for cell in rows for name in re.findall(r"`(\w+)`", cell)} == ours


def test_every_limit_stands_in_it_under_its_name_and_setting() -> None:
    found = {
        (kind.name, kind.rate_setting)
        for _, kind in inspect.getmembers(limits, inspect.isclass)
        if issubclass(kind, limits.RateLimit) and "name" in vars(kind)
    }
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]*)\|", read_part("11.2"), re.M)
    assert sorted(name for name, _ in rows) == sorted(name for name, _ in found)
    # What is slowed has a rate of its own.
    assert {name for name, setting in found if setting not in dict(rows)[name]} == {"login-slowed"}


def test_every_metric_stands_in_it() -> None:
    counted = {metric.name: metric.type for metric in REGISTRY.collect() if metric.name.startswith("scoreboard_")}
    names = {f"{name}_total" if kind == "counter" else name for name, kind in counted.items()}
    # Collected from the database where it is asked for.
    names |= set(re.findall(r'"(scoreboard_\w+_age_seconds)"', inspect.getsource(metrics)))
    assert set(re.findall(r"`(scoreboard_\w+)`", read_part("16"))) == names


def test_whatever_is_cited_of_it_exists() -> None:
    places: dict[str, Path] = {}
    for path in tracked_files():
        if path not in {CONTRACT, Path(__file__)}:
            for number in CITED.findall(path.read_text(encoding="utf-8")):
                places.setdefault(number, path)
    assert {number: path for number, path in places.items() if number not in SECTIONS} == {}
    assert len(places) > 5


def test_code_cites_nothing_but_its_sections_and_documents_that_exist() -> None:
    vague = re.compile(r"\bcontract\b(?!\.md`?,?\s+(?:#\s*)?\d)(?<!import contract)", re.I)
    code = [
        path
        for path in tracked_files()
        if path.suffix in {".py", ".js", ".html"} and path.parent != Path(__file__).parent
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in code}
    assert [str(path) for path, text in texts.items() if vague.search(text)] == []
    documents = {name for text in texts.values() for name in re.findall(r"docs/(?:decisions/\d{4}|\w+\.md)", text)}
    assert [name for name in sorted(documents) if not list(ROOT.glob(f"{name}*"))] == []
    assert len(documents) > 5


def test_its_own_references_and_links_lead_somewhere() -> None:
    numbers = re.findall(
        r"\b\d{1,2}\.\d\b", re.sub(r"`[^`]*`|RFC \d+", "", re.sub(r"^#[^\n]*$|```.*?```", "", TEXT, flags=re.M | re.S))
    )
    assert set(numbers) - SECTIONS == set()
    for target, anchor in re.findall(r"\]\((\w+\.md)(?:#([\w-]+))?\)", TEXT):
        text = (ROOT / "docs" / target).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in re.findall(r"^#+ (.*)$", text, re.M)
        }
        assert not anchor or anchor in headings, (target, anchor)
