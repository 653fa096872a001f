"""The plans of a process: read once for each version of the boards, and never by definitions that are not sealed."""

from uuid import uuid4

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from audit.times import HOUR_US
from scores.board_models import MAIN_BOARD, MAIN_PERIOD
from scores.counting import plans
from scores.counting.definitions import change_board, make_board
from scores.errors import CatalogueChanged
from scores.models import Board, BoardsVersion, Period
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db


def make(slug: str, counts: str = "*", span: str = "day") -> Board:
    return make_board(slug=slug, label=slug, counts=counts, rule="sum", span=span, actor="system")


def test_they_are_read_once_for_a_version(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make("today")
    first = plans.read_plans()
    with django_assert_num_queries(1):
        assert plans.read_plans() is first
    with django_assert_num_queries(0):
        assert plans.get_plans(first.version) is first


def test_a_change_of_boards_makes_them_anew() -> None:
    make("today")
    before = plans.read_plans()
    make("tomorrow")
    after = plans.read_plans()
    assert after.version > before.version
    assert [plan.definition.slug for plan in after.boards] == ["today", "tomorrow"]
    change_board(slug="today", enabled=False, actor="system")
    assert [plan.definition.slug for plan in plans.read_plans().boards] == ["tomorrow"]


def test_what_was_taken_back_is_not_taken_for_what_came_after() -> None:
    """Boards that a preview made, under a number that nobody uses again."""
    with transaction.atomic():
        make("a-preview")
        assert len(plans.read_plans().boards) == 1
        transaction.set_rollback(True)
    assert plans.read_plans().boards == []
    make("another")
    assert [plan.definition.slug for plan in plans.read_plans().boards] == ["another"]


def test_periods_that_are_long_over_are_not_kept() -> None:
    board = make("today")
    [today] = Period.objects.filter(board=board)
    for ago in (2, 1):
        starts_us = today.starts_us - ago * 24 * HOUR_US
        Period.objects.create(board=board, name=f"{ago} ago", starts_us=starts_us, ends_us=starts_us + 24 * HOUR_US)
    plans.raise_version()
    [plan] = plans.read_plans().boards
    assert today.pk in [period.pk for period in plan.periods]
    assert "2 ago" not in [period.name for period in plan.periods]


def test_between_seasons_nothing_counts() -> None:
    make("cup", span="season")
    assert plans.read_plans().find("any", 1) == []


def test_what_no_period_is_made_for_yet_is_told() -> None:
    board = make("today")
    with pytest.raises(plans.PeriodMissing) as missing:
        plans.read_plans().find("any", board.since_us + 72 * HOUR_US)
    assert missing.value.at_us == board.since_us + 72 * HOUR_US


def test_entries_of_before_a_board_do_not_count() -> None:
    board = make("ever", span="all")
    held = plans.read_plans()
    assert held.find("any", board.since_us - 1) == []
    assert len(held.find("any", board.since_us)) == 1


def test_a_board_that_was_changed_in_the_database_alone_is_not_gone_by() -> None:
    make("today")
    with tampering():
        Board.objects.filter(slug="today").update(counts="cheat")
        plans.raise_version()
        with pytest.raises(CatalogueChanged):
            plans.read_plans()


def test_after_a_flush_what_is_built_in_is_made_again() -> None:
    for model in (Period, BoardsVersion, Board):
        model.objects.all().delete()
    assert plans.read_plans().boards == []
    board, period = Board.objects.get(), Period.objects.get()
    assert (board.pk, board.slug, board.counts, board.rule, board.span) == (MAIN_BOARD, "main", "*", "sum", "all")
    assert (period.pk, period.board_id, period.name, period.starts_us, period.ends_us) == (
        MAIN_PERIOD,
        0,
        "all",
        0,
        None,
    )


def test_the_version_is_raised_by_each_change() -> None:
    numbers = [plans.read_version()]
    for _ in range(3):
        plans.raise_version()
        numbers.append(plans.read_version())
    assert numbers == sorted(set(numbers))
    assert BoardsVersion.objects.count() == 1


def test_the_actions_that_are_asked_for_do_not_fill_the_memory() -> None:
    make("today")
    held = plans.read_plans()
    at_us = held.boards[0].periods[0].starts_us
    for _ in range(1100):
        held.find(str(uuid4()), at_us)
    assert len(held._of_actions) <= 1000
