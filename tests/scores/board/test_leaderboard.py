"""Pages of a board: its top, what comes after a place, what lies around a rank or a player."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scores.board import leaderboard
from scores.board.leaderboard import PageQuery, read_page
from scores.errors import BoardFilling, InvalidCursor, NotRanked, UnknownBoard, UnknownPeriod
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player
from tests.support.boards import NOON, main_period, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
TODAY = "2026-11-27"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


@pytest.fixture
def today() -> Period:
    return make_period(make_board("daily", label="Every day"), TODAY)


def read(slug: str = "daily", name: str = "current", **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(read_page(slug, name, PageQuery(**query)).body)
    return page


def ranked(page: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(row["rank"], row["name"], row["score"]) for row in page["entries"]]


def crowd(period: Period, count: int = 7) -> list[Score]:
    """Players P1, P2, ... with fewer points each, every second as many as the one before and a second later."""
    players = [make_player(f"P{number}") for number in range(1, count + 1)]
    for number, player in enumerate(players):
        stand(player, period, 100 - number // 2 * 10, number % 2)
    return players


def test_the_top_says_all_that_a_reader_needs(today: Period) -> None:
    ada = make_player("Ada")
    stand(ada, today, 30)
    assert read() == {
        "as_of": "2026-11-27T12:00:00.000000Z",
        "board": {
            "slug": "daily", "label": "Every day", "rule": "sum", "ascending": False, "span": "day", "zone": "UTC",
        },
        "period": {
            "name": TODAY, "starts_at": "2026-11-27T00:00:00.000000Z", "ends_at": "2026-11-28T00:00:00.000000Z",
            "state": "open", "amended": 0, "statement": None,
        },
        "players": 1,
        "entries": [
            {"rank": 1, "player": str(ada.pk), "name": "Ada", "score": 30, "reached_at": "2026-11-27T12:00:00.000000Z"}
        ],
        "next": None,
    }  # fmt: skip


def test_pages_go_through_all_ranks_once_and_end(today: Period) -> None:
    crowd(today)
    first = read(limit=3)
    assert ranked(first) == [(1, "P1", 100), (2, "P2", 100), (3, "P3", 90)]
    second = read(limit=3, after=first["next"])
    assert ranked(second) == [(4, "P4", 90), (5, "P5", 80), (6, "P6", 80)]
    third = read(limit=3, after=second["next"])
    assert (ranked(third), third["next"]) == ([(7, "P7", 70)], None)
    assert (first["players"], second["players"], third["players"]) == (7, 7, 7)
    assert read(limit=7)["next"] is None


def test_a_cursor_is_a_place_and_not_a_snapshot(today: Period) -> None:
    crowd(today)
    cursor = read(limit=3)["next"]
    Standing.objects.filter(player__name="P3").delete()
    stand("New", today, 95)
    assert ranked(read(limit=2, after=cursor)) == [(4, "P4", 90), (5, "P5", 80)]
    Standing.objects.filter(player__name="P4").update(hidden=True)
    assert ranked(read(limit=2, after=cursor)) == [(4, "P5", 80), (5, "P6", 80)]


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(1, ["P1", "P2"]), (4, ["P4", "P5"]), (7, ["P7"]), (8, []), (2**53 - 1, [])],
)
def test_a_page_begins_with_any_rank(today: Period, rank: int, expected: list[str]) -> None:
    crowd(today)
    page = read(limit=2, from_rank=rank)
    assert [row[:2] for row in ranked(page)] == list(enumerate(expected, start=rank))
    assert (page["next"] is None) == (rank > 5)


@pytest.mark.parametrize(
    ("limit", "player", "expected"),
    [
        (1, 4, ["P4"]),
        (3, 4, ["P3", "P4", "P5"]),
        (4, 4, ["P3", "P4", "P5", "P6"]),
        (3, 1, ["P1", "P2", "P3"]),
        (3, 7, ["P5", "P6", "P7"]),
        (100, 7, ["P1", "P2", "P3", "P4", "P5", "P6", "P7"]),
    ],
)
def test_a_player_is_in_the_middle_of_the_page_around(
    today: Period, limit: int, player: int, expected: list[str]
) -> None:
    players = crowd(today)
    page = read(limit=limit, around=players[player - 1].pk)
    first = int(expected[0][1:])
    assert [row[:2] for row in ranked(page)] == list(enumerate(expected, start=first))


def test_many_who_have_the_same_are_paged_in_the_order_of_time_and_id(today: Period) -> None:
    players = sorted((make_player(f"T{number}") for number in range(6)), key=lambda player: player.pk)
    for number, player in enumerate(players):
        stand(player, today, 50, number // 3)
    expected = [player.name for player in players]
    seen, cursor = [], None
    while True:
        page = read(limit=2, **({"after": cursor} if cursor else {}))
        seen += [row["name"] for row in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == expected


def test_the_smallest_comes_first_where_the_board_is_ascending() -> None:
    board = make_board("fastest", rule="best", ascending=True, span="all")
    races = make_period(board, "all")
    stand("Slow", races, 900)
    stand("Quick", races, 12)
    stand("Backwards", races, -5)
    first = read("fastest", limit=1)
    assert ranked(first) == [(1, "Backwards", -5)]
    assert ranked(read("fastest", after=first["next"])) == [(2, "Quick", 12), (3, "Slow", 900)]
    assert (first["board"]["ascending"], first["period"]["ends_at"]) == (True, None)


def test_who_is_frozen_or_was_not_counted_is_not_on_the_board(today: Period) -> None:
    ada, ben, cleo = (make_player(name) for name in ("Ada", "Ben", "Cleo"))
    stand(ada, today, 10)
    stand(ben, today, 20, hidden=True)
    assert (ranked(read()), read()["players"]) == ([(1, "Ada", 10)], 1)
    for absent in (ben, cleo):
        with pytest.raises(NotRanked):
            read(around=absent.pk)


def test_a_period_of_the_calendar_without_entries_is_empty(today: Period) -> None:
    ada = make_player("Ada")
    stand(ada, today, 10)
    for name, state in (
        ("2020-02-29", "closed"),
        ("2026-11-26", "closed"),
        ("previous", "closed"),
        ("2030-01-01", "open"),
    ):
        page = read(name=name)
        assert (page["entries"], page["players"], page["next"], page["period"]["state"]) == ([], 0, None, state)
    assert read(name="2020-02-29", from_rank=1)["entries"] == []
    with pytest.raises(NotRanked):
        read(name="previous", around=ada.pk)


def test_what_there_is_not_is_refused(today: Period) -> None:
    for name in ("2026-02-30", "2026-W48", "2026", "all", "", "2026-11-27 ", "２０２６-11-27", "x" * 500):
        with pytest.raises(UnknownPeriod):
            read(name=name)
    make_board("off", enabled=False)
    make_board("filling", filling=True)
    for slug in ("off", "nothing", "", "DAILY", "daily\n", "x" * 500):
        with pytest.raises(UnknownBoard):
            read(slug)
    with pytest.raises(BoardFilling):
        read("filling")


def test_a_cursor_of_another_board_or_period_is_refused(today: Period) -> None:
    crowd(today, 2)
    yesterday = make_period(today.board, "2026-11-26")
    stand("Old", yesterday, 3)
    cursor = read(limit=1)["next"]
    make_board("other")
    assert len(ranked(read(name=TODAY, after=cursor))) == 1
    for slug, name in (("daily", "previous"), ("daily", "2020-02-29"), ("other", "current")):
        with pytest.raises(InvalidCursor):
            read(slug, name, after=cursor)


def test_the_tag_is_of_all_but_the_time_of_the_reading(today: Period, turn_clock: Callable[[datetime], None]) -> None:
    stand("Ada", today, 10)
    before = read_page("daily", "current", PageQuery())
    turn_clock(NOON + timedelta(seconds=7))
    after = read_page("daily", "current", PageQuery())
    assert before.etag == after.etag
    assert before.body != after.body
    stand("Ben", today, 5)
    assert read_page("daily", "current", PageQuery()).etag != after.etag
    Board.objects.update(label="Other")
    assert len({read_page("daily", "current", PageQuery(limit=limit)).etag for limit in (1, 2, 3)}) == 2


def test_an_answer_is_kept_longer_once_the_period_is_closed(
    today: Period, turn_clock: Callable[[datetime], None]
) -> None:
    midnight = datetime.fromisoformat("2026-11-28T00:00:00Z")
    kept = {}
    for seconds in (-1, 0, 29, 30):
        turn_clock(midnight + timedelta(seconds=seconds))
        page = read_page("daily", TODAY, PageQuery())
        kept[seconds] = (page.period.state, page.keep_seconds)
    assert kept == {-1: ("open", 1), 0: ("closing", 1), 29: ("closing", 1), 30: ("closed", 60)}


def test_the_tops_of_many_boards_are_what_each_reads_alone(today: Period) -> None:
    crowd(today, 12)
    season = make_season(make_board("league", span="season"), "autumn", NOON - timedelta(days=9), None)
    stand("Ada", season, 5)
    stand("Ben", main_period(), 7)
    make_board("filling", filling=True)
    make_board("off", enabled=False)
    make_board("between", span="season")
    there = [("daily", "current"), ("daily", TODAY), ("daily", "2026-11-26"), ("league", "autumn"), ("main", "all")]
    absent = [("filling", "current"), ("off", "current"), ("between", "current"), ("league", "x"), ("nothing", "all")]
    tops = leaderboard.read_tops([*there, *absent])
    assert tops.keys() == set(there)
    for slug, name in there:
        assert tops[slug, name] == read_page(slug, name, PageQuery())
    assert ranked(json.loads(tops["main", "all"].body)) == [(1, "Ben", 7)]
    assert leaderboard.read_tops([]) == {}


def test_one_statement_reads_the_rows_of_all_tops(today: Period) -> None:
    crowd(today, 3)
    for number in range(5):
        period = make_period(make_board(f"board-{number}"), TODAY)
        stand(f"Player {number}", period, 5)
    keys = [(f"board-{number}", "current") for number in range(5)]
    counts = []
    for asked in (keys[:1], keys):
        with CaptureQueriesContext(connection) as queries:
            assert len(leaderboard.read_tops(asked)) == len(asked)
        counts.append(len(queries))
    # Boards, periods, rows; SQLite asks for each board's count and rows.
    assert counts == ([3, 3] if connection.vendor == "postgresql" else [4, 12])


def test_a_page_takes_the_same_few_statements_at_any_depth(today: Period) -> None:
    players = crowd(today, 9)
    cursor = read(limit=5)["next"]
    queries: list[dict[str, Any]] = [{}, {"after": cursor}, {"from_rank": 8}, {"around": players[7].pk}]
    counts = []
    for query in queries:
        with CaptureQueriesContext(connection) as found:
            read(limit=2, **query)
        counts.append(len(found))
    assert counts == ([3, 5, 5, 7] if connection.vendor == "postgresql" else [4, 7, 7, 9])
