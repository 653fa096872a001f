"""manage.py make_board: what an operator asks for, with sensible defaults, from now on or with all the past."""

import pytest
from django.core.management import CommandError

from scores.counting.definitions import change_board
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player
from tests.support.commands import call
from tests.support.definitions import read_definitions

FIELDS = ("slug", "label", "counts", "rule", "ascending", "span", "zone", "enabled", "filling")


def read_board(slug: str) -> tuple[object, ...]:
    return tuple(Board.objects.values_list(*FIELDS).get(slug=slug))


def test_what_is_not_named_is_everything_in_utc(db: None) -> None:
    assert call("make_board", "best-of-today", "--rule", "sum", "--span", "day") == (
        "best-of-today counts *: sum, of each day in UTC.\n"
    )
    assert read_board("best-of-today") == (
        *("best-of-today", "Best of today", "*", "sum", False, "day", "UTC", True, False),
    )


def test_all_terms_can_be_named(db: None) -> None:
    words = ("--label", "Fastest lap", "--counts", "lap,lap-*", "--rule", "best", "--ascending", "--span", "all")
    assert call("make_board", "laps", *words, "--zone", "Europe/Berlin") == (
        "laps counts lap,lap-*: best, the smallest first, of all time.\n"
    )
    assert read_board("laps") == (
        *("laps", "Fastest lap", "lap,lap-*", "best", True, "all", "Europe/Berlin", True, False),
    )
    assert call("make_board", "cup", "--rule", "sum", "--span", "season") == "cup counts *: sum, in seasons.\n"


def test_rule_and_span_are_to_be_named(db: None) -> None:
    before = read_definitions()
    for words in (("--rule", "sum"), ("--span", "day")):
        with pytest.raises(CommandError, match="the following arguments are required: --"):
            call("make_board", "today", *words)
    assert read_definitions() == before


def test_a_board_with_a_past_is_filled_at_once(board: dict[str, Score]) -> None:
    make_player("Dot, who never played")
    output = call("make_board", "counts", "--rule", "count", "--span", "all", "--from-log")
    assert output.startswith(
        "counts counts *: count, of all time.\nFilling it from about 6 entries. Nobody can see it until that is done. "
        "Whenever this is stopped, the same command goes on.\ncounts is full: 6 entries in "
    )
    assert read_board("counts")[-2:] == (True, False)
    period = Period.objects.get(board__slug="counts")
    assert list(Standing.objects.ranked(period.pk).values_list("player__name", "points")) == [
        ("Ada", 3),
        ("Ben", 2),
        ("Cleo", 1),
    ]


def test_the_same_again_is_the_same_board_and_says_when_it_is_off(board: dict[str, Score]) -> None:
    words = ("make_board", "today", "--rule", "sum", "--span", "day", "--from-log")
    call(*words)
    before = read_definitions()
    assert call(*words) == "today counts *: sum, of each day in UTC.\n"
    assert read_definitions() == before
    change_board(slug="today", actor="system", enabled=False)
    assert call(*words) == (
        "today counts *: sum, of each day in UTC. It is switched off: manage.py enable_board today\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["to day", "--rule", "sum", "--span", "day"], "slug: Enter a valid value."),
        (["today", "--rule", "mean", "--span", "day"], "rule: Value 'mean' is not a valid choice."),
        (["today", "--rule", "sum", "--span", "day", "--label", ""], "label: This field cannot be blank."),
        (
            ["today", "--rule", "sum", "--span", "day", "--zone", "Mars"],
            "zone: There is no time zone 'Mars'. Take a name such as Europe/Berlin.",
        ),
        (
            ["to\udcffday", "--rule", "sum", "--span", "day"],
            "label: Slug, label, patterns and zone are text, without U+0000 and in UTF-8.",
        ),
    ],
)
def test_a_bad_board_is_refused_by_field_and_nothing_is_made(db: None, words: list[str], sentence: str) -> None:
    before = read_definitions()
    with pytest.raises(CommandError) as caught:
        call("make_board", *words)
    assert str(caught.value) == f"Nothing was changed. {sentence}"
    assert read_definitions() == before
