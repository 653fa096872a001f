"""What a board would count: by the newest entries, as the rules say, with nobody on it who is frozen."""

from datetime import UTC, datetime
from typing import Any

from scores.admin import board_preview
from scores.admin.board_preview import preview
from scores.counting.definitions import check_board
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.definitions import TERMS

WHY = {"reason": "a day's play", "actor": "system"}


def look(**changes: Any) -> board_preview.BoardPreview:
    return preview(check_board(**{**TERMS, **changes}))


def read_rows(found: board_preview.BoardPreview) -> list[tuple[int, str, int]]:
    return [(row.rank, row.score.name, row.points) for row in found.rows]


def test_patterns_are_shown_with_the_actions_that_they_are_of(db: None) -> None:
    for slug in ("chess-win", "chess-draw", "go-win"):
        Action.objects.create(slug=slug, label=slug, points=1)
    Action.objects.create(slug="chess-loss", label="off", points=1, enabled=False)
    found = look(counts="chess-*,go-win,nothing")
    assert [tuple(match) for match in found.patterns] == [
        ("chess-*", ["chess-draw", "chess-win"]),
        ("go-win", ["go-win"]),
        ("nothing", []),
    ]
    assert (found.counts_everything, look(counts="*").counts_everything) == (False, True)


def test_with_no_entries_there_is_nothing_to_show(db: None) -> None:
    found = look()
    assert (found.read, found.counted, found.since, found.rows) == (0, 0, None, [])


def test_the_first_are_as_the_rule_says_without_what_is_voided_and_who_is_frozen(board: dict[str, Score]) -> None:
    corrections.void(player=board["Ada"].pk, seq=2, **WHY)
    corrections.adjust(player=board["Cleo"].pk, delta=7, **WHY)
    corrections.freeze(player=board["Ben"].pk, **WHY)
    assert read_rows(look()) == [(1, "Ada", 20), (2, "Cleo", 17)]
    assert read_rows(look(rule="count")) == [(1, "Ada", 2), (2, "Cleo", 2)]
    assert read_rows(look(rule="best", ascending=True)) == [(1, "Cleo", 7), (2, "Ada", 10)]
    assert read_rows(look(counts="chess-win")) == []
    assert (look().read, look().counted, look(counts="chess-win").counted) == (8, 8, 0)


def test_no_more_than_the_newest_entries_are_read(
    board: dict[str, Score], monkeypatch: Any, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(board_preview, "ENTRIES", 2)
    # May there be such a board: its slug, the others. Then the catalogue, the entries, the players.
    with django_assert_num_queries(5):
        found = look(span="all")
    assert (found.read, read_rows(found)) == (2, [(1, "Ben", 10), (2, "Cleo", 10)])


def test_at_most_ten_are_shown(db: None) -> None:
    for number in range(12):
        corrections.adjust(player=make_player(f"P{number:02}").pk, delta=100 - number, **WHY)
    assert [name for _, name, _ in read_rows(look())] == [f"P{number:02}" for number in range(10)]


def test_the_present_period_is_of_the_zone(db: None, turn_clock: Any) -> None:
    turn_clock(datetime(2026, 11, 27, 23, 30, tzinfo=UTC))
    assert look(zone="Europe/Berlin").period == (
        "2026-11-28",
        "2026-11-28 00:00:00 CET",
        "2026-11-29 00:00:00 CET",
    )
    assert look(span="season").period is look(span="all").period is None
