"""What checks say: every sentence is said somewhere, and takes just the values it is given."""

import re
import string

import pytest

from scores.integrity.sentences import SENTENCES, say
from tests.support.processes import ROOT

SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for folder, kinds in (("scores", "*.py"), ("static", "*.js"))
    for path in sorted((ROOT / folder).rglob(kinds))
    if path.name != "sentences.py"
)


@pytest.mark.parametrize("key", SENTENCES)
def test_each_sentence_is_said(key: str) -> None:
    assert re.search(rf"""["']{re.escape(key)}["']""", SOURCES)


def test_a_result_is_its_sentence_with_its_values() -> None:
    result = say(False, "entries.broken", line=3, fault="entry 2 is missing")
    assert (result.holds, result.sentence) == (False, "Line 3: entry 2 is missing.")
    with pytest.raises(KeyError):
        say(True, "entries.hold")


def test_values_are_words() -> None:
    fields = {
        name for text in SENTENCES.values() for _, name, _, _ in string.Formatter().parse(text) if name is not None
    }
    assert all(name.isidentifier() for name in fields)
