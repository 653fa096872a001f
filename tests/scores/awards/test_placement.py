"""Where awards count: every award on the main board, others by pattern and time, folded by player and period."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.models import AuditEntry
from audit.times import HOUR_US, to_moment, to_us
from scores.awards.placement import place
from scores.board_models import MAIN_PERIOD
from scores.counting import plans
from scores.counting.definitions import make_board, make_season
from scores.counting.rules import StandingValue
from scores.errors import CatalogueChanged
from scores.models import Board, Period
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db
ADA, BEN = UUID(int=1), UUID(int=2)


def award(player: UUID, seq: int, delta: int, at_us: int, action: str = "chess-win") -> AuditEntry:
    return AuditEntry(
        player=player, seq=seq, kind="award", delta=delta, balance=delta * seq, action=action, at_us=at_us, value=None
    )


def now() -> int:
    return to_us(datetime.now(UTC))


def test_without_boards_there_is_the_main_one() -> None:
    placement = place([award(ADA, 1, 5, 1), award(ADA, 2, 5, 2), award(BEN, 1, 7, 2)], plans.read_version())
    assert placement.values == {
        (ADA, MAIN_PERIOD): StandingValue(10, 2, 2),
        (BEN, MAIN_PERIOD): StandingValue(7, 2, 1),
    }
    assert (placement.replacing, placement.best) == ([MAIN_PERIOD], [])


def test_only_what_matches_counts() -> None:
    make_board(slug="chess", label="Chess", counts="chess-*", rule="sum", span="all", actor="system")
    make_board(slug="wins", label="Wins", counts="chess-win", rule="best", span="all", actor="system")
    at_us = now()
    placement = place([award(ADA, 1, 5, at_us, "chess-draw"), award(BEN, 1, 9, at_us, "go-win")], plans.read_version())
    [chess] = Period.objects.filter(board__slug="chess")
    assert placement.values == {
        (ADA, MAIN_PERIOD): StandingValue(5, at_us, 1),
        (ADA, chess.pk): StandingValue(5, at_us, 1),
        (BEN, MAIN_PERIOD): StandingValue(9, at_us, 1),
    }
    assert placement.replacing == [MAIN_PERIOD]


def test_a_period_that_is_missing_is_made() -> None:
    make_board(slug="today", label="Today", counts="*", rule="count", span="day", actor="system")
    tomorrow = now() + 86_400_000_000
    before = plans.read_version()
    placement = place([award(ADA, 1, 5, tomorrow)], before)
    period = Period.objects.get(board__slug="today", starts_us__gt=now())
    assert period.covers(tomorrow)
    assert placement.values[ADA, period.pk] == StandingValue(1, tomorrow, 1)
    assert placement.version == plans.read_version() > before


def test_after_the_clock_was_set_back_an_act_counts_in_the_season_that_was_over(
    turn_clock: Callable[[datetime], None],
) -> None:
    begin_us = now()
    make_board(slug="cup", label="Cup", counts="*", rule="sum", span="season", actor="system")
    season = make_season(
        board="cup", name="spring", starts_us=begin_us + HOUR_US, ends_us=begin_us + 2 * HOUR_US, actor="system"
    )
    turn_clock(to_moment(begin_us + 4 * HOUR_US))
    version = plans.read_plans().version
    assert [list(board.periods) for board in plans.read_plans().boards] == [[]]
    turn_clock(to_moment(begin_us + HOUR_US))
    placement = place([award(ADA, 1, 5, begin_us + HOUR_US)], version)
    assert placement.values[ADA, season.pk] == StandingValue(5, begin_us + HOUR_US, 1)
    assert placement.version == version


def test_a_board_that_was_changed_in_the_database_alone_places_nothing() -> None:
    make_board(slug="today", label="Today", counts="*", rule="sum", span="day", actor="system")
    with tampering():
        Board.objects.filter(slug="today").update(rule="best")
        plans.raise_version()
        with pytest.raises(CatalogueChanged):
            place([award(ADA, 1, 5, now())], plans.read_plans().version)


def test_on_the_last_microsecond_of_a_day_it_counts_in_that_day() -> None:
    make_board(slug="today", label="Today", counts="*", rule="sum", span="day", zone="America/Santiago", actor="system")
    [today] = Period.objects.filter(board__slug="today")
    assert today.ends_us is not None
    last, first = (place([award(ADA, 1, 5, at)], None).values for at in (today.ends_us - 1, today.ends_us))
    [tomorrow] = Period.objects.filter(board__slug="today", starts_us=today.ends_us)
    assert (list(last), list(first)) == (
        [(ADA, MAIN_PERIOD), (ADA, today.pk)],
        [(ADA, MAIN_PERIOD), (ADA, tomorrow.pk)],
    )
    assert tomorrow.ends_us is not None
    assert timedelta(hours=22) < timedelta(microseconds=tomorrow.ends_us - tomorrow.starts_us) < timedelta(hours=26)
