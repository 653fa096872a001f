"""How entries are written down: numbers of one chain, and `NAME#NUMBER` of any."""

import time
from uuid import UUID

import pytest
from django.forms import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from scores.admin.places import EntriesField, NumbersField, Range, write_entries, write_numbers
from scores.investigation.runs import Run, merge
from scores.models import Score
from tests.support.acting import make_player

NOWHERE = UUID("00000000-0000-4000-8000-000000000009")


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("7", [(7, 7)]),
        (" 3 , 1-2,2 ", [(3, 3), (1, 2), (2, 2)]),
        ("14–16", [(14, 16)]),
        ("5-4", []),
        ("20-", [(20, None)]),
        ("1-2000", [(1, 2000)]),
    ],
)
def test_numbers_are_read_and_written(text: str, ranges: list[Range]) -> None:
    assert NumbersField().clean(text) == ranges
    if ranges:
        assert NumbersField().clean(write_numbers(ranges)) == ranges


@pytest.mark.parametrize("text", ["", "x", "1;2", "-4", "1--2", "0x1", "1.5", "٣", "1" * 19, "Ada#1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        NumbersField().clean(text)


@pytest.mark.parametrize("text", ["1-2001", "1-1500,2000-2600", "1-999999999999999999"])
def test_more_than_one_act_takes_are_refused_before_they_are_counted_out(text: str) -> None:
    with pytest.raises(ValidationError, match="At most 2,000 entries at once"):
        NumbersField().clean(text)
    with pytest.raises(ValidationError, match="At most 2,000 entries at once"):
        EntriesField().clean(f"{NOWHERE}:{text}")


def test_entries_are_named_by_names_or_ids(db: None) -> None:
    greta, odd, digits = (make_player(name) for name in ("Greta", "a, b: 7#x", "14-year-old"))
    text = f"Greta#12, 14-18; {odd.name}#3; GRETA:20-, 14-year-old#3; {greta.pk}:5; {digits.pk}#1"
    assert EntriesField().clean(text) == [
        Run(greta.pk, 12, 12),
        Run(greta.pk, 14, 18),
        Run(odd.pk, 3, 3),
        Run(greta.pk, 20, None),
        Run(digits.pk, 3, 3),
        Run(greta.pk, 5, 5),
        Run(digits.pk, 1, 1),
    ]


@pytest.mark.parametrize(
    "text", ["140", "1200, 1204-1210", "Greta", "#1", "Greta#", "Greta#1 Ada", "Greta#x", "\x00#1"]
)
def test_a_number_without_whose_it_is_is_refused(player: Score, text: str) -> None:
    with pytest.raises(ValidationError):
        EntriesField().clean(text)


def test_a_name_that_nobody_has_is_said(db: None) -> None:
    with pytest.raises(ValidationError, match="There is no player Nobody"):
        EntriesField().clean("Nobody#1")


def test_the_field_shows_names_where_the_address_has_ids(db: None) -> None:
    greta = make_player("Greta")
    assert EntriesField().prepare_value(f"{greta.pk}:1-4,9;{NOWHERE}:2") == f"Greta#1-4,9; {NOWHERE}#2"
    assert EntriesField().prepare_value("not entries") == "not entries"


@pytest.mark.parametrize(
    "text", ["a" + " " * 50_000, "#" * 50_000, "a#1 " * 12_000, "#1," * 15_000 + "x", ":" + " " * 50_000]
)
def test_no_text_takes_long_to_read(db: None, text: str) -> None:
    begin = time.monotonic()
    with pytest.raises(ValidationError):
        EntriesField().clean(text)
    assert time.monotonic() - begin < 5


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1))
def test_what_is_written_down_is_read_again(places: set[tuple[int, int]]) -> None:
    runs = merge((UUID(int=player), seq) for player, seq in places)
    assert EntriesField().clean(write_entries(runs)) == runs
    named = [(run.player.int, seq) for run in runs for seq in range(run.first, (run.last or 0) + 1)]
    assert named == sorted(places)
