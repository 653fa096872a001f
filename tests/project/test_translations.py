"""Each catalogue says everything the pages say, and nothing else; what is compiled is what is written."""

import ast
import gettext
import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import override

from scores.pages.wording import describe_moment, describe_period
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

LOCALE = ROOT / "scores/locale"
LANGUAGES = ("de", "es", "fr", "pt", "ar", "ja")
IN_TEMPLATES = re.compile(r"""(?:\{% translate |_\()(["'])(.+?)\1""")
IN_CODE = re.compile(r"""\b_\((["'])(.+?)\1""")
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\w+\}|%\(\w+\)\w")
#: Words of Django's own that a catalogue puts right.
CORRECTED = {"pt": {f"{date(2026, month, 1):%B}" for month in range(1, 13)}}

each_language = pytest.mark.parametrize("language", LANGUAGES)


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


def catalogue(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES/django.po"


def written(language: str) -> dict[str, str]:
    entries = ENTRY.findall(catalogue(language).read_text(encoding="utf-8"))
    return {word: ast.literal_eval(f'"{translation}"') for word, translation in entries}


def test_every_language_that_is_offered_has_a_catalogue_and_no_other() -> None:
    assert sorted(code for code, _name in settings.LANGUAGES) == sorted([settings.LANGUAGE_CODE, *LANGUAGES])
    assert sorted(path.parts[-3] for path in LOCALE.rglob("*.po")) == sorted(LANGUAGES)


@each_language
def test_every_word_is_translated_and_no_translation_is_left_over(language: str) -> None:
    translations = written(language)
    assert set(translations) - CORRECTED.get(language, set()) == words_used()
    assert [word for word, translation in translations.items() if not translation] == []
    assert "fuzzy" not in catalogue(language).read_text(encoding="utf-8")


@each_language
def test_placeholders_are_kept(language: str) -> None:
    for word, translation in written(language).items():
        assert sorted(PLACEHOLDER.findall(word)) == sorted(PLACEHOLDER.findall(translation)), word


@each_language
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    translations = written(language)
    assert {word: compiled.gettext(word) for word in translations} == translations


@pytest.mark.parametrize(
    ("language", "number", "day", "month", "moment"),
    [
        ("en", "1,234", "March 1, 2026", "March 2026", "March 1, 2026, 1:05 PM"),
        ("de", "1.234", "1. März 2026", "März 2026", "1. März 2026, 13:05"),
        ("es", "1.234", "1 de marzo de 2026", "marzo de 2026", "1 de marzo de 2026, 13:05"),
        ("fr", "1\u202f234", "1 mars 2026", "mars 2026", "1 mars 2026, 13:05"),
        ("pt", "1.234", "1 de março de 2026", "março de 2026", "1 de março de 2026, 13:05"),
        ("ar", "1,234", "1 مارس 2026", "مارس 2026", "1 مارس 2026، 1:05 م"),
        ("ja", "1,234", "2026年3月1日", "2026年3月", "2026年3月1日 13:05"),
    ],
)
def test_numbers_and_dates_are_written_as_browsers_write_them(
    language: str, number: str, day: str, month: str, moment: str
) -> None:
    """By CLDR, as `Intl` has it; so nothing on a page changes when its script starts."""
    with override(language):
        assert number_format(1234) == number
        assert describe_period("day", "2026-03-01") == day
        assert describe_period("month", "2026-03") == month
        assert describe_moment("UTC", 1_772_370_300_000_000) == moment


def test_the_scripts_have_no_words_of_their_own() -> None:
    """Whatever they show comes from the page, which is translated."""
    text = "".join(
        (ROOT / "static/scoreboard" / name).read_text(encoding="utf-8")
        for name in (
            "board.js",
            "boards.js",
            "corrections.js",
            "countdown.js",
            "embed-builder.js",
            "live-board.js",
            "more-rows.js",
            "pause.js",
            "period-names.js",
            "period.js",
            "podium.js",
            "standings-table.js",
            "you.js",
            "theme.js",
            "trend.js",
            "wall-key.js",
            "wall.js",
        )
    )
    assert re.findall(r'textContent = [`"\'][^`"\']*[A-Za-z]{2}', text) == []
