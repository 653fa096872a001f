"""The map in docs/architecture.md names every module once, and none that is not there."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("scoreboard_project", "scores", "audit")


def read_map() -> list[str]:
    """What the table of files names, with the folder that a bare name after another takes over from it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## One update's journey")[0]
    named = []
    for cell in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", cell):
            folder = f"{name.rpartition('/')[0]}/" if "/" in name else folder
            named.append(name if "/" in name else f"{folder}{name}")
    return named


def test_every_module_stands_on_the_map_once() -> None:
    named = read_map()
    folders = tuple(name for name in named if name.endswith("/"))
    modules = [path.relative_to(ROOT).as_posix() for room in OURS for path in (ROOT / room).rglob("*.py")]
    counts = Counter(named)
    places = {
        module: counts[module] + sum(module.startswith(folder) for folder in folders)
        for module in modules
        if not module.endswith("__init__.py")
    }
    assert {module: count for module, count in places.items() if count != 1} == {}


def test_what_stands_on_the_map_is_there() -> None:
    assert [name for name in read_map() if not (ROOT / name).exists()] == []
