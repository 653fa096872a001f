"""The German catalogue says everything the pages say, and nothing else; what is compiled is what is written."""

import gettext
import re

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

CATALOGUE = ROOT / "scores/locale/de/LC_MESSAGES/django.po"
IN_TEMPLATES = re.compile(r"""(?:\{% translate |_\()(["'])(.+?)\1""")
IN_CODE = re.compile(r"""\b_\((["'])(.+?)\1""")
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)


def words_used() -> set[str]:
    """Of the public pages: the admin speaks English."""
    templates = [path for path in (ROOT / "templates").rglob("*.html") if "admin" not in path.parts]
    found = [match[1] for path in templates for match in IN_TEMPLATES.findall(path.read_text(encoding="utf-8"))]
    found += [
        match[1]
        for path in (ROOT / "scores").rglob("*.py")
        for match in IN_CODE.findall(path.read_text(encoding="utf-8"))
    ]
    return set(found)


def written() -> dict[str, str]:
    return dict(ENTRY.findall(CATALOGUE.read_text(encoding="utf-8")))


def test_every_word_is_translated_and_no_translation_is_left_over() -> None:
    assert set(written()) == words_used()
    assert [word for word, translation in written().items() if not translation] == []
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")


def test_placeholders_are_kept() -> None:
    for word, translation in written().items():
        assert sorted(re.findall(r"\{\w+\}|%\(\w+\)\w", word)) == sorted(re.findall(r"\{\w+\}|%\(\w+\)\w", translation))


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {word: compiled.gettext(word) for word in written()} == written()


def test_the_scripts_have_no_words_of_their_own() -> None:
    """Whatever they show comes from the page, which is translated."""
    text = "".join(
        (ROOT / "static/scoreboard" / name).read_text(encoding="utf-8")
        for name in (
            "board.js",
            "boards.js",
            "countdown.js",
            "embed-builder.js",
            "live-board.js",
            "more-rows.js",
            "period-names.js",
            "period.js",
            "standings-table.js",
            "you.js",
            "theme.js",
            "wall-key.js",
            "wall.js",
        )
    )
    assert re.findall(r'textContent = [`"\'][^`"\']*[A-Za-z]{2}', text) == []
