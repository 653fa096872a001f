"""The catalogue as everybody may read it: what can be done now, and what it is worth at most."""

import json
from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries, Settings

from scores.board.earning import Way, read_ways
from scores.catalogue import set_action
from scores.models import Action
from scores.receipts.signing import encode_public_key
from tests.support.acting import ISSUER_KEY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuers(settings: Settings, tmp_path: Path) -> None:
    """Two who may sign for the quiz, the second for more, and one for laps."""
    other = {"keys": {}, "actions": {"quiz": 120, "lap": 15}}
    first = {"keys": {"test-1": encode_public_key(ISSUER_KEY)}, "actions": {"quiz": 100}}
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps({"first": first, "other": other}), encoding="utf-8")
    settings.RECEIPT_ISSUERS_FILE = str(path)


def read_points() -> dict[str, tuple[int, bool]]:
    cache.clear()
    return {way.slug: (way.points, way.is_maximum) for way in read_ways()}


def test_what_counts_by_ones_own_word_is_worth_its_points_and_by_a_receipt_up_to_the_most_anybody_may_grant() -> None:
    set_action(actor="system", slug="visit", label="A visit", points=5, cooldown_seconds=30, daily_cap=2)
    set_action(actor="system", slug="quiz", label="Quiz", points=10)
    set_action(actor="system", slug="lap", label="Lap", points=500, takes_value=True)
    assert read_ways() == [
        Way("visit", "A visit", 5, is_maximum=False, cooldown_seconds=30, daily_cap=2),
        Way("lap", "Lap", 15, is_maximum=True, cooldown_seconds=0, daily_cap=0),
        Way("quiz", "Quiz", 120, is_maximum=True, cooldown_seconds=0, daily_cap=0),
    ]


def test_what_nobody_can_do_now_is_left_out(settings: Settings) -> None:
    set_action(actor="system", slug="off", label="Off", points=5, enabled=False)
    set_action(actor="system", slug="unsigned", label="Unsigned", points=5, receipt_required=True)
    set_action(actor="system", slug="forged", label="Forged", points=5)
    Action.objects.filter(slug="forged").update(points=1000)
    set_action(actor="system", slug="visit", label="A visit", points=5)
    set_action(actor="system", slug="quiz", label="Quiz", points=500)
    assert read_points() == {"visit": (5, False), "quiz": (500, False)}
    settings.SCORE_REQUIRE_RECEIPTS = True
    assert read_points() == {"quiz": (120, True)}


@pytest.mark.parametrize("actions", [0, 1, 30])
def test_they_cost_one_query_however_many_there_are_and_ask(
    actions: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(actions):
        set_action(actor="system", slug=f"act-{number}", label=f"Act {number}", points=5)
    with django_assert_num_queries(1):
        assert [len(read_ways()) for _ in range(20)] == [actions] * 20
