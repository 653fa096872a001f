"""The rule for names shown, and that a name is inert wherever it appears."""

import json
import unicodedata

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from audit.models import Refusal
from audit.refusals import flush_refusals, record_refusal
from scores.board.ranks import NEIGHBOURS
from scores.errors import InvalidName
from scores.names import clean_name, fold_name, name_key, repair_name, search_key
from tests.support.board import place


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "José Piendibene (Uruguay)",
        "田中 陽翔",
        "ليلى حداد",
        "Zoë",
        "O’Connor-Smith Jr.",
        "🎯 Ace",
        "x" * 64,
        "a" + "\u0301" * 4,
        "1",
        # A joiner gives these letters their form: Persian, Sinhala, Malayalam, Hindi.
        "علی\u200cرضا",
        "ශ්\u200dරී",
        "അവന്\u200d",
        "क्\u200dष",
        "สมชาย ใจดี",
        "Nguyễn Thị Ánh",
        "👨\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f",
        "👩🏽\u200d🚀 Mae",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "1\ufe0f\u20e3st",
        "🇵🇪 Ana",
        "pl@yer",
        "@ada",
    ],
)
def test_names_as_people_have_them_are_kept(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "   ", "Ada\nLovelace", "Ada\tLovelace", "Ada\u2028", "a\x00b", "a\x1bb", "a\x7fb",
        "a\u202eb", "a\u2066b", "a\u200bb", "a\u200db", "a\ufeffb", "a\u00adb",
        "\ud800", "\ue000", "\u0378", "\u00a0", "\u3000",
        "x" * 65, "a" + "\u0336" * 5, "a" + "\u0336" * 200, "\ufffe",
        "\u3164", "\u2800", "\u2800 \u2800", "\U0001d159", "\u0301", "ami\u034fna", "a\ufe0f", "1\ufe0f", "a\u200cb", "ع\u200c",
        "Ada (ada@example.org)", "Ada <ada@example.org>", "ada\uff20example\uff0eorg", "Ada ada\ufe6bexample.org",
        "Erased 0123456789ab", "ERASED\u30000123456789AB", "a" + "\u0e34\u0e34\u0e34\u094d\u200d" * 2,
        "\u200d👨", "👨\u200d", "👨\u200da", "🏴\U000e0067", "a\U000e0061b", "a\u180eb", "a\uffa0b", "ada@example.org",
    ],
)  # fmt: skip
def test_names_that_hide_reorder_or_break_text_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        clean_name(name)


def test_no_character_that_shows_nothing_stands_between_letters() -> None:
    """Default_Ignorable_Code_Point of Unicode 15.1, DerivedCoreProperties.txt, retyped; and the blank Braille pattern."""
    ranges = [
        (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
        (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF), (0x2800, 0x2800),
    ]  # fmt: skip
    hidden = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    accepted = [character for character in hidden if is_name(f"ami{character}na")]
    assert accepted == []
    assert {name_key(f"ami{character}na") for character in hidden} == {"amina"}
    assert {repair_name(f"ami{character}na") for character in hidden} == {"amina"}


def is_name(text: str) -> bool:
    try:
        clean_name(text)
    except InvalidName:
        return False
    return True


@pytest.mark.parametrize(
    "text", [" Ada Lovelace", "Ada Lovelace  ", "Ada  Lovelace", "Ada\u00a0Lovelace", "Ada\u3000\u2009Lovelace"]
)
def test_spaces_of_any_kind_are_trimmed_and_folded_to_one(text: str) -> None:
    assert clean_name(text) == "Ada Lovelace"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ada \t\n Lovelace\x00", "Ada Lovelace"),
        ("A\u202eda\u2066", "Ada"),
        ("x" * 80, "x" * 64),
        ("x" * 62 + "👨\u200d👩\u200d👧", "x" * 62),
        ("x" * 63 + " Ada", "x" * 63),
        ("x" * 63 + "e\u0301", "x" * 63 + "é"),
        ("a" + "\u0336" * 9, "a" + "\u0336" * 4),
        ("a" + "\u0336" * 4 + "\u200b" + "\u0336" * 4, "a" + "\u0336" * 4),
        ("a" + "\u0e34\u0e34\u0e34\u094d\u200d" * 9, "a\u0e34\u0e34\u0e34\u094d\u200d"),
        ("ada@example.org", "ada"),
        ("Ada ada\uff20example.org", "Ada ada"),
        ("Erased 0123456789ab", ""),
        ("Ada <ada@example.org>", "Ada <ada>"),
        ("@ada", "@ada"),
        ("pl@yer", "pl@yer"),
        ("a\u200cb علی\u200cرضا", "ab علی\u200cرضا"),
        ("", ""),
        ("\u3164\u200b", ""),
        ("\u0301", ""),
        ("\ue000\ud800", ""),
    ],
)
def test_a_strange_name_is_repaired_to_the_nearest_one(text: str, name: str) -> None:
    assert repair_name(text) == name


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "'; DROP --", "{{7*7}}", "=cmd|' /C'!A0", "${jndi:x}", "null"],
)
def test_what_is_only_dangerous_where_it_is_not_escaped_is_a_name(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ADA"), ("Straße", "STRASSE"), ("ﬁne", "fine"), ("Ａｄａ", "ada"), ("e\u0301", "é"),
        ("علی\u200cرضا", "علیرضا"), ("❤\ufe0f", "❤"), ("👨\u200d👩", "👨👩"), ("Ada  L", "Ada L"),
    ],
)  # fmt: skip
def test_names_that_differ_in_case_compatibility_forms_or_nothing_to_be_seen_are_one(one: str, other: str) -> None:
    assert name_key(clean_name(one)) == name_key(clean_name(other))


@given(st.text(max_size=80))
def test_a_cleaned_name_is_clean_and_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except InvalidName:
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= 64
    assert name.encode()


@given(st.text(max_size=100))
def test_a_repaired_name_is_a_name_or_nothing(text: str) -> None:
    name = repair_name(text)
    assert name == "" or clean_name(name) == name
    if is_name(text):
        assert name == clean_name(text)


@given(st.text(max_size=80))
def test_a_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@pytest.mark.django_db
def test_a_name_of_markup_is_inert_on_the_page_and_in_the_admin() -> None:
    evil = "<img src=x onerror=alert(1)>"
    place(evil, points=NEIGHBOURS)
    admin = Client()
    admin.force_login(User.objects.create_superuser("root"))
    for page in (Client().get("/"), Client().get("/embed"), admin.get("/admin/scores/score/")):
        html = page.content.decode()
        assert evil not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert json.loads(Client().get("/api/score/top").content)["entries"][0]["name"] == evil


@pytest.mark.django_db
def test_a_flood_of_refusals_is_one_row_a_minute_with_a_count() -> None:
    for _ in range(500):
        record_refusal("cooldown", "somebody")
    flush_refusals()
    rows = list(Refusal.objects.values_list("reason", "subject", "count"))
    assert sum(count for _, _, count in rows) == 500
    assert len(rows) <= 2  # the minute may have turned


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Zoë", "zoe"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ｆ", "f"),
        ("İ", "i"),
        ("각", "각"),
        ("Ada B", "ada b"),
        ("ｶﾞ", "カ"),
    ],
)
def test_a_name_is_searched_without_case_forms_and_accents(name: str, folded: str) -> None:
    assert (fold_name(name), fold_name(folded)) == (folded, folded)


def test_what_a_name_is_searched_by_is_kept_only_where_it_is_not_its_key() -> None:
    assert [search_key(name) for name in ("Ada", "Straße", "Zoë", "Ab\u00adc")] == ["", "", "zoe", ""]


@given(text=st.text(st.characters(max_codepoint=0x7F), max_size=70))
@example(text="Erased 0123456789ab")
@example(text="a@b.example")
@example(text="two  spaces")
def test_a_plain_name_is_repaired_as_every_other(text: str) -> None:
    """What is seen at once to be a name, and what is looked at part by part because something hides in it."""
    assert repair_name(text) == repair_name(f"\u200b{text}")
