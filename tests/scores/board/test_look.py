"""One look reads the page's top 10 as it is, all boards together, and says why there is nothing to show."""

import json
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from audit.times import to_us
from scores.board import look as module
from scores.board.leaderboard import PageQuery, read_page
from scores.board.look import Look, Watched
from scores.board.standings import REUSE_SECONDS, read_snapshot
from scores.models import Board, Period
from tests.support.boards import NOON, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
TODAY, YESTERDAY = "2026-11-27", "2026-11-26"
SECOND = timedelta(seconds=1)


def look_at(watched: Collection[Watched]) -> Look:
    look = Look()
    module.look_at(watched, look)
    return look


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: TurnClock) -> None:
    turn_clock(NOON)


@pytest.fixture
def daily() -> Board:
    return make_board("daily")


@pytest.fixture
def today(daily: Board) -> Period:
    return make_period(daily, TODAY)


def test_what_is_sent_is_what_the_api_answers(today: Period) -> None:
    stand("Ada", today, 30)
    look = look_at([None, ("daily", "current"), ("daily", YESTERDAY), ("main", "current")])
    assert look.is_current
    assert look.refused == {}
    assert set(look.news) == {None, ("daily", "current"), ("daily", YESTERDAY), ("main", "current")}
    assert look.news[None].text == read_snapshot().frame
    for slug, name in (("daily", "current"), ("daily", YESTERDAY), ("main", "current")):
        page, news = read_page(slug, name, PageQuery()), look.news[slug, name]
        assert news.text == f'{{"event":"scoreboardUpdate","data":{page.body}}}'
        assert (news.etag, news.as_of) == (page.etag, json.loads(page.body)["as_of"])


def test_more_boards_are_no_more_statements_and_none_are_none(today: Period) -> None:
    make_period(make_board("chess"), TODAY)
    counts = []
    for keys in ([], [("daily", "current")], [("daily", "current"), ("chess", "current"), ("daily", YESTERDAY)]):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            look_at(keys)
        counts.append(len(queries))
    assert counts[0] == 0
    if connection.vendor == "postgresql":
        assert counts[1] == counts[2]


def test_why_there_is_nothing_to_show(daily: Board) -> None:
    make_board("off", enabled=False)
    make_board("new", filling=True)
    make_board("cups", span="season")
    look = look_at([
        ("daily", "current"), ("daily", "2026-13-01"), ("daily", "previous"), ("daily", "2026/11"), ("none", "current"), ("None", "x"),
        ("\0", "current"), ("off", "current"), ("new", "current"), ("cups", "current"),
    ])  # fmt: skip
    assert set(look.news) == {("daily", "current")}
    assert {key: refusal.code for key, refusal in look.refused.items()} == {
        ("daily", "2026-13-01"): "unknown_period",
        ("daily", "previous"): "unknown_period",
        ("daily", "2026/11"): "unknown_period",
        ("none", "current"): "unknown_board",
        ("None", "x"): "unknown_board",
        ("\0", "current"): "unknown_board",
        ("off", "current"): "unknown_board",
        ("new", "current"): "board_filling",
        ("cups", "current"): "unknown_period",
    }
    assert look.is_current


def test_the_next_change_is_that_of_the_first_period_by_the_clock_of_the_log(
    daily: Board, turn_clock: TurnClock
) -> None:
    cups = make_board("cups", span="season")
    make_season(cups, "first", NOON - SECOND, NOON + 40 * SECOND)
    make_season(cups, "second", NOON + 40 * SECOND, NOON + 100 * SECOND)
    waits = []
    for after_noon in (0, 39, 40, 69, 70):
        turn_clock(NOON + after_noon * SECOND)
        changes_at = look_at([("daily", "current"), ("cups", "first")]).changes_at
        assert changes_at is not None
        waits.append(changes_at - time.monotonic())
    # To the end, to the closing, and then to the end of the day.
    assert waits == [pytest.approx(seconds, abs=0.5) for seconds in (40, 1, 30, 1, 12 * 3600 - 70)]


def test_at_the_end_of_a_period_current_is_the_next_one_and_empty(today: Period, turn_clock: TurnClock) -> None:
    stand("Ada", today, 30)
    turn_clock(NOON + timedelta(hours=12) - timedelta(microseconds=1))
    before = json.loads(look_at([("daily", "current")]).news["daily", "current"].text)["data"]
    turn_clock(NOON + timedelta(hours=12))
    after = json.loads(look_at([("daily", "current")]).news["daily", "current"].text)["data"]
    assert [(top["period"]["name"], len(top["entries"])) for top in (before, after)] == [(TODAY, 1), ("2026-11-28", 0)]


@pytest.mark.parametrize("keys", [[("daily", "all")], [("main", "current")], [None], []])
def test_where_nothing_ends_nothing_changes_by_itself(keys: list[tuple[str, str] | None]) -> None:
    make_board("daily", span="all")
    assert look_at(keys).changes_at is None


def test_while_the_database_is_away_there_is_the_last_top_10_and_nothing_of_boards(
    daily: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, look, later = read_snapshot(), Look(), time.monotonic() + REUSE_SECONDS + 1

    def refuse(*arguments: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: later))
    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        module.look_at([None, ("daily", "current")], look)
    assert {key: news.text for key, news in look.news.items()} == {None: snapshot.frame}
    assert (look.refused, look.is_current, look.changes_at) == ({}, False, None)


def test_times_are_the_logs(daily: Board) -> None:
    data = json.loads(look_at([("daily", "current")]).news["daily", "current"].text)["data"]
    assert to_us(datetime.fromisoformat(data["as_of"])) == to_us(NOON)
