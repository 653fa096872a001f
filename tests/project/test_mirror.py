"""Tests lie where the code they test lies: one look at a path tells the other, and no test leans on another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

TESTS = ROOT / "tests"
CODE = ("audit", "scores", "scoreboard_project")
#: There is nothing in them to test: Django asks for the first three, the fourth names types. What migrations do is tested as a
#: whole, in tests/journeys.
WITHOUT_TESTS = {"__init__.py", "apps.py", "formats.py", "asgi_types.py"}


def list_modules() -> Iterator[Path]:
    for room in CODE:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.parent.name != "migrations":
                yield path.relative_to(ROOT)


def list_tests(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path.relative_to(TESTS) for path in sorted((TESTS / folder).rglob("test_*.py")))


def is_about(test: Path, module: Path) -> bool:
    """Whether the test's name is the module's, or begins with it and goes on to an aspect of it."""
    name = f"test_{module.stem}"
    return test.parent == module.parent and (test.stem == name or test.stem.startswith(f"{name}_"))


def test_every_module_has_its_tests_at_the_same_path() -> None:
    tests = list(list_tests(*CODE))
    tested = [module for module in list_modules() if module.name not in WITHOUT_TESTS]
    without = [str(module) for module in tested if not any(is_about(test, module) for test in tests)]
    assert not without, f"Without tests of their own: {', '.join(without)}"


def test_every_file_of_tests_is_about_a_module_at_the_same_path() -> None:
    modules = list(list_modules())
    stray = [str(test) for test in list_tests(*CODE) if not any(is_about(test, module) for module in modules)]
    assert not stray, f"About no module beside them: {', '.join(stray)}"


def test_no_test_imports_another_test_nor_a_conftest() -> None:
    imported = [
        (str(path.relative_to(TESTS)), node.module)
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tests")
    ]
    leaning = [
        each for each in imported if each[1].rpartition(".")[2].startswith("test_") or each[1].endswith(".conftest")
    ]
    assert leaning == []
    assert len(imported) > 100
