"""manage.py end_season: with notice, so that every server knows before it happens."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError

from audit.times import to_us
from scores.models import Period
from tests.support.commands import call
from tests.support.definitions import define, read_definitions

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _a_cup_without_an_end(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    define(slug="cup", label="Cup", span="season", zone="Europe/Berlin")
    call("make_season", "cup", "autumn", "--starts", "2026-11-27T12:00Z")


def read_end() -> int | None:
    return Period.objects.get(name="autumn").ends_us


def test_it_ends_in_a_minute_unless_another_time_is_given() -> None:
    assert call("end_season", "cup", "autumn", "--ends", "2026-12-01T18:00") == (
        "cup/autumn ends at 2026-12-01T18:00:00+01:00.\n"
    )
    assert read_end() == to_us(datetime(2026, 12, 1, 17, tzinfo=UTC))
    assert call("end_season", "cup", "autumn") == "cup/autumn ends at 2026-11-27T13:01:00+01:00.\n"
    assert read_end() == to_us(NOON) + 60_000_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cup", "autumn", "--ends", "2026-11-27T13:00:59"], "ends: A season ends at least 60 seconds from now."),
        (["cup", "spring"], "The board has no period of this name."),
        (["main", "all"], "board: The periods of 'main' are of the calendar: it has no seasons."),
        (["nothing", "autumn"], "There is no such board."),
    ],
)
def test_an_end_that_cannot_be_is_refused_with_a_sentence(words: list[str], sentence: str) -> None:
    before = read_definitions()
    with pytest.raises(CommandError) as caught:
        call("end_season", *words)
    assert str(caught.value) == f"Nothing was changed. {sentence}"
    assert read_definitions() == before
