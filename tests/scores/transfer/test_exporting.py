"""A period as a file: everybody in it, in order, with exact ranks of one moment; in three forms."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection

from scores.counting import plans
from scores.errors import BoardFilling, UnknownBoard, UnknownPeriod
from scores.models import Period
from scores.transfer import exporting
from scores.transfer.exporting import export_standings
from tests.support.acting import make_player
from tests.support.boards import make_board, make_period, stand

pytestmark = pytest.mark.django_db


@pytest.fixture
def days() -> Period:
    plans.make_built_in()
    return make_period(make_board("days"), "2025-11-27")


def export(slug: str, period: str, form: str) -> str:
    found = export_standings(slug, period, form)
    with found.file as file:
        text = file.read()
    assert len(text) == found.size
    return text.decode()


def test_a_table_has_everybody_in_order_and_a_line_that_ends_it(days: Period) -> None:
    ada, bea, cyd = (make_player(name) for name in ("Ada", "=1+1", 'Cyd, "the third"'))
    for player, score, seconds in ((ada, 5, 9), (bea, 7, 0), (cyd, 5, 3)):
        stand(player, days, score, seconds)
    stand("Frozen", days, 9, hidden=True)
    text = export("days", "2025-11-27", "csv")
    assert text[0] == "\ufeff"
    assert list(csv.reader(io.StringIO(text[1:]))) == [
        ["rank", "player", "name", "score", "reached_at"],
        ["1", str(bea.pk), "'=1+1", "7", "2026-11-27T12:00:00.000000Z"],
        ["2", str(cyd.pk), 'Cyd, "the third"', "5", "2026-11-27T12:00:03.000000Z"],
        ["3", str(ada.pk), "Ada", "5", "2026-11-27T12:00:09.000000Z"],
        ["end of export", "3"],
    ]


def test_json_is_what_the_api_answers_with_all_entries(days: Period) -> None:
    ada = make_player("Ada")
    stand(ada, days, 5)
    stand("Frozen", days, 9, hidden=True)
    document = json.loads(export("days", "2025-11-27", "json"))
    assert list(document) == ["as_of", "board", "period", "players", "entries"]
    assert (document["board"]["slug"], document["period"]["name"], document["players"]) == ("days", "2025-11-27", 1)
    assert document["entries"] == [
        {"rank": 1, "player": str(ada.pk), "name": "Ada", "score": 5, "reached_at": "2026-11-27T12:00:00.000000Z"}
    ]


def test_ctftime_gets_position_team_score_and_time(days: Period) -> None:
    stand("Intergalactic Pwners", days, 1700, 7)
    stand("[h4ck]\u00a0me", days, 1200)
    assert export("days", "2025-11-27", "ctftime") == (
        '{"standings":[{"pos":1,"team":"Intergalactic Pwners","score":1700,"lastAccept":1795780807},'
        '{"pos":2,"team":"[h4ck]\u00a0me","score":1200,"lastAccept":1795780800}]}\n'
    )


def test_where_the_smallest_comes_first_scores_are_as_they_are_shown(days: Period) -> None:
    laps = make_period(make_board("laps", rule="best", ascending=True), "2025-11-27")
    stand("Slow", laps, 90)
    stand("Fast", laps, 60)
    rows = json.loads(export("laps", "2025-11-27", "ctftime"))["standings"]
    assert [(row["pos"], row["team"], row["score"]) for row in rows] == [(1, "Fast", 60), (2, "Slow", 90)]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", "\ufeffrank,player,name,score,reached_at\r\nend of export,0\r\n"),
        ("ctftime", '{"standings":[]}\n'),
    ],
)
def test_a_day_without_anybody_is_empty(days: Period, form: str, text: str) -> None:
    assert export("days", "2020-01-01", form) == text


def test_what_is_not_there_or_not_ready_is_refused(days: Period) -> None:
    make_board("off", enabled=False)
    make_board("filling", filling=True)
    for slug, period, refusal in (
        ("nothing", "current", UnknownBoard),
        ("off", "current", UnknownBoard),
        ("filling", "current", BoardFilling),
        ("days", "yesterday", UnknownPeriod),
        ("main", "previous", UnknownPeriod),
    ):
        with pytest.raises(refusal):
            export_standings(slug, period, "csv")


def test_all_is_read_by_the_page_with_exact_ranks(
    days: Period,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Callable[..., AbstractContextManager[None]],
) -> None:
    for number in range(7):
        stand(f"Player {number}", days, 100 - number)
    monkeypatch.setattr(exporting, "PAGE", 3)
    told: list[int] = []
    # The board, the period, what was stated of it, names for each of three pages; the cursor of the standings is the seventh.
    with django_assert_num_queries(7):
        found = export_standings("days", "2025-11-27", "csv", told.append)
    with found.file as file:
        rows = list(csv.reader(io.StringIO(file.read().decode())))
    assert told == [3, 3, 1]
    assert [(row[0], row[2]) for row in rows[1:-1]] == [(str(number + 1), f"Player {number}") for number in range(7)]
    assert not connection.needs_rollback


def test_the_tag_is_of_who_stands_there(days: Period) -> None:
    stand("Ada", days, 5)
    first, again = (export_standings("days", "2025-11-27", "ctftime") for _ in range(2))
    stand("Bea", days, 4)
    third = export_standings("days", "2025-11-27", "ctftime")
    assert first.etag == again.etag != third.etag
    for found in (first, again, third):
        found.file.close()
