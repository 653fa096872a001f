"""The share picture as it is served: one drawing for all who ask, and never of who is frozen."""

from io import BytesIO

import pytest
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from scores.board.standings import read_snapshot
from scores.models import Score, Standing
from scores.pages import share
from scores.pages.share import RENEW_SECONDS, REUSE_SECONDS, refresh_picture
from tests.support.acting import read_problem
from tests.support.board import place

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "_latest", None)


def grow_older(seconds: float) -> None:
    assert share._latest
    share._latest = share._latest._replace(drawn_at=share._latest.drawn_at - seconds)


def test_it_is_a_png_that_may_be_kept_for_a_while(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    place("Ada", 10)
    with django_assert_num_queries(1):
        answer = Client().get("/share.png")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    with Image.open(BytesIO(answer.content)) as image:
        assert image.size == (1200, 630)


def test_who_has_it_already_gets_nothing_anew() -> None:
    etag = Client().get("/share.png").headers["ETag"]
    again = Client().get("/share.png", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


def test_it_is_drawn_once_in_some_seconds_however_many_ask_and_whatever_happens() -> None:
    place("Ada", 10)
    first = refresh_picture(read_snapshot())
    place("Ben", 20)
    assert refresh_picture(read_snapshot()) is first
    grow_older(REUSE_SECONDS)
    second = refresh_picture(read_snapshot())
    assert second.body != first.body
    grow_older(REUSE_SECONDS)
    assert refresh_picture(read_snapshot()).body is second.body
    grow_older(RENEW_SECONDS)
    assert refresh_picture(read_snapshot()).body is not second.body


def test_who_is_frozen_is_not_in_it() -> None:
    place("Ben", 10)
    with_ben = refresh_picture(read_snapshot())
    ada = place("Ada", 20)
    grow_older(REUSE_SECONDS)
    with_both = refresh_picture(read_snapshot())
    assert with_both.board != with_ben.board
    Score.objects.filter(pk=ada.pk).update(frozen=True)
    Standing.objects.filter(player=ada).update(hidden=True)
    grow_older(REUSE_SECONDS)
    without_ada = refresh_picture(read_snapshot())
    assert without_ada.board == with_ben.board
    assert without_ada.body != with_both.body


def test_it_takes_no_parameters() -> None:
    read_problem(Client().get("/share.png?x=1", headers={"Accept": "application/json"}), 400, "invalid_query")
