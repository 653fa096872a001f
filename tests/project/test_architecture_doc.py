"""The map in docs/architecture.md names every module once, in its room, and nothing that is not there."""

import re
from collections import Counter

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

OURS = ("scoreboard_project", "scores", "audit")
TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def read_chapter(title: str) -> str:
    [chapter] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    return str(chapter)


def read_rooms() -> dict[str, list[str]]:
    """By room, in the order of the document, the modules and folders of its table."""
    parts = re.findall(r"^### `([^`]+)`\n(.*?)(?=^### |\Z)", read_chapter("Rooms"), re.M | re.S)
    return {
        room: [name for cell in re.findall(r"^\| (`[^|]+) \|", table, re.M) for name in re.findall(r"`([^`]+)`", cell)]
        for room, table in parts
    }


def test_every_module_stands_on_the_map_once() -> None:
    named = [f"{room}/{name}" for room, names in read_rooms().items() for name in names]
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
    named = [f"{room}/{name}" for room, names in read_rooms().items() for name in names]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_room_has_its_line_and_its_reason() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \|$", read_chapter("Rooms"), re.M)
    assert [room for room, _, _ in rows] == list(read_rooms())
    assert [room for room, holds, reason in rows if not holds or not reason] == []


def test_what_is_looked_for_is_where_it_says() -> None:
    pairs = re.findall(r"`([\w/]+\.py)` ((?:`\w+`(?:, )?)+)", read_chapter("Looking for"))
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path, _ in pairs}
    missing = [
        (path, name)
        for path, names in pairs
        for name in re.findall(r"`(\w+)`", names)
        if not re.search(rf"^\s*(?:(?:async )?def|class) {name}\b|^{name}\b", texts[path], re.M)
    ]
    assert missing == []
    assert len(pairs) > 10


def test_the_journeys_are_told_and_a_word_is_explained_once() -> None:
    for title in ("The journey of an update", "The journey of a void", "The journey of a look"):
        assert len(re.findall(r"^\d\. ", read_chapter(title), re.M)) >= 5
    words = re.findall(r"^\| (\w[\w ]*) \|", read_chapter("Glossary"), re.M)[1:]
    assert len(words) == len(set(words))
    assert 20 <= len(words) <= 25
