"""The list of boards and the list of a board's periods."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scores.board.directory import list_boards, list_periods
from scores.errors import BoardFilling, InvalidQuery, UnknownBoard
from tests.support.boards import NOON, main_period, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MAIN = {
    "slug": "main", "label": "All time", "rule": "sum", "ascending": False, "span": "all", "zone": "UTC",
    "filling": False,
    "current": {
        "name": "all", "starts_at": "1970-01-01T00:00:00.000000Z", "ends_at": None, "state": "open",
        "amended": 0, "statement": None,
    },
    "players": 0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


def boards() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(list_boards().body)["boards"]
    return found


def periods(slug: str, before: str | None = None, limit: int = 10) -> tuple[list[str], str | None]:
    page = json.loads(list_periods(slug, before, limit).body)
    return [f"{period['name']} {period['state']}" for period in page["periods"]], page["next"]


def test_the_main_board_is_there_from_the_beginning() -> None:
    assert boards() == [MAIN]


def test_enabled_boards_are_listed_by_slug_with_their_current_periods() -> None:
    today = make_period(make_board("daily"), "2026-11-27")
    stand("Ada", today, 5)
    stand("Ben", today, 7, hidden=True)
    stand("Cleo", main_period(), 7)
    make_board("weekly", span="week")
    make_board("league", span="season")
    make_board("zfilling", filling=True)
    make_board("off", enabled=False)
    listed = [
        (board["slug"], board["players"], board["filling"], board["current"] and board["current"]["name"])
        for board in boards()
    ]
    assert listed == [
        ("daily", 1, False, "2026-11-27"),
        ("league", 0, False, None),
        ("main", 1, False, "all"),
        ("weekly", 0, False, "2026-W48"),
        ("zfilling", 0, True, "2026-11-27"),
    ]


def test_the_list_takes_the_same_few_statements_for_any_number_of_boards() -> None:
    counts = []
    for number in range(1, 4):
        make_period(make_board(f"board-{number}"), "2026-11-27")
        with CaptureQueriesContext(connection) as queries:
            assert len(boards()) == number + 1
        counts.append(len(queries))
    # Boards, periods, players; SQLite counts each board's.
    assert counts == ([3, 3, 3] if connection.vendor == "postgresql" else [4, 5, 6])


def test_periods_are_listed_newest_first_in_pages() -> None:
    board = make_board("daily")
    for name in ("2026-11-28", "2026-11-27", "2026-11-26", "2026-11-24", "2026-11-20"):
        make_period(board, name)
    everything = ["2026-11-27 open", "2026-11-26 closed", "2026-11-24 closed", "2026-11-20 closed"]
    assert periods("daily") == (everything, None)
    assert periods("daily", limit=2) == (everything[:2], "2026-11-26")
    assert periods("daily", before="2026-11-26", limit=2) == (everything[2:], None)
    assert periods("daily", before="2026-11-25") == (everything[2:], None)
    assert periods("daily", before="1970-01-01") == ([], None)
    assert periods("daily", before="9998-12-31", limit=1) == (everything[:1], "2026-11-27")


def test_seasons_are_listed_once_they_have_begun() -> None:
    board = make_board("league", span="season")
    make_season(board, "spring", NOON - 9 * DAY, NOON - 5 * DAY)
    make_season(board, "summer", NOON - 5 * DAY, None)
    assert periods("league") == (["summer open", "spring closed"], None)
    assert periods("league", before="summer") == (["spring closed"], None)


def test_what_there_is_not_is_refused() -> None:
    make_board("daily")
    make_board("league", span="season")
    make_board("filling", filling=True)
    for slug, name in (("daily", "2026-W48"), ("daily", "current"), ("daily", "x" * 99), ("league", "spring")):
        with pytest.raises(InvalidQuery) as refusal:
            list_periods(slug, name, 10)
        assert [error["field"] for error in refusal.value.errors] == ["before"]
    with pytest.raises(UnknownBoard):
        list_periods("nothing", None, 10)
    with pytest.raises(BoardFilling):
        list_periods("filling", None, 10)
