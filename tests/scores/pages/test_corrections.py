"""The notice of corrections on the board: in words of its reader, and none where none can be read."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from scores.investigation import corrections
from scores.pages.corrections import describe_corrections
from tests.support.acting import make_player

pytestmark = pytest.mark.django_db


def read_page(language: str = "en") -> str:
    return " ".join(Client().get("/", headers={"Accept-Language": language}).content.decode().split())


def test_a_board_without_any_has_only_the_words_for_them() -> None:
    page = read_page()
    assert page.count('<section id="corrections"') == 1
    assert 'data-void="Entries voided: {count}"' in page
    assert page.partition('<section id="corrections"')[2].partition(">")[0].endswith("hidden")


def test_the_newest_are_told_with_the_way_to_check_them() -> None:
    ada = make_player("Ada")
    for _ in range(2):
        corrections.adjust(player=ada.pk, delta=7, reason="a secret", actor="system")
    corrections.freeze(player=ada.pk, reason="a secret", actor="system")
    said = read_page().partition('<section id="corrections"')[2].partition("</section>")[0]
    assert "hidden" not in said
    assert "Scores adjusted: 2 </li>" in said
    assert "Players taken off the board: 1 </li>" in said
    assert 'href="/verify"' in said
    assert [word for word in ("Ada", "a secret", str(ada.pk)) if word in said] == []
    assert "Punktestände angepasst: 2 </li>" in read_page("de")


def test_while_the_database_is_away_the_board_goes_without() -> None:
    read_page()
    cache.clear()

    def refuse(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        assert describe_corrections().notices == []
        assert Client().get("/").status_code == 200
