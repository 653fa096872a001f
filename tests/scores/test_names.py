"""The rule for names shown, and that a name is inert wherever it appears."""

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from audit import ledger
from audit.models import Refusal
from scores.errors import InvalidName
from scores.models import Score
from scores.names import clean_name, name_key
from scores.ranks import NEIGHBOURS
from tests.scores.acting import make_player


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
    ],
)
def test_names_as_people_have_them_are_kept(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "   ", " Ada", "Ada ", "Ada  Lovelace", "Ada\nLovelace", "Ada\tLovelace", "Ada\u2028", "a\x00b", "a\x1bb", "a\x7fb",
        "a\u202eb", "a\u2066b", "a\u200bb", "a\u200db", "a\ufeffb", "a\u00adb",
        "\ud800", "\ue000", "\u0378", "\u00a0", "a\u00a0b", "a\u3000b",
        "x" * 65, "a" + "\u0336" * 5, "a" + "\u0336" * 200, "\ufffe",
    ],
)  # fmt: skip
def test_names_that_hide_reorder_or_break_text_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        clean_name(name)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "'; DROP --", "{{7*7}}", "=cmd|' /C'!A0", "${jndi:x}", "null"],
)
def test_what_is_only_dangerous_where_it_is_not_escaped_is_a_name(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("Straße", "STRASSE"), ("ﬁne", "fine"), ("Ａｄａ", "ada"), ("e\u0301", "é")]
)
def test_names_that_differ_in_case_or_compatibility_forms_are_one(one: str, other: str) -> None:
    assert name_key(clean_name(one)) == name_key(clean_name(other))


@given(st.text(max_size=80))
def test_a_cleaned_name_is_clean_and_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except InvalidName:
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= 64
    assert name.isprintable()
    assert name.encode()


@given(st.text(max_size=80))
def test_a_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@pytest.mark.django_db
def test_a_name_of_markup_is_inert_on_the_page_and_in_the_admin() -> None:
    evil = "<img src=x onerror=alert(1)>"
    player = make_player(evil)
    Score.objects.filter(pk=player.pk).update(seq=1, reached_at=datetime.now(UTC), points=NEIGHBOURS)
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
        ledger.record_refusal("cooldown", "somebody")
    rows = list(Refusal.objects.values_list("reason", "subject", "count"))
    assert sum(count for _, _, count in rows) == 500
    assert len(rows) <= 2  # the minute may have turned
