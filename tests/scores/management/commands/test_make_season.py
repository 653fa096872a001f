"""manage.py make_season: times as the operator's clocks show them, and a sentence where those leave a doubt."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError

from audit.times import to_us
from scores.counting.local_times import HOW
from scores.models import Period
from tests.support.commands import call
from tests.support.definitions import define, read_definitions


@pytest.fixture(autouse=True)
def _a_cup_in_berlin(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(datetime(2026, 3, 1, tzinfo=UTC))
    define(slug="cup", label="Cup", span="season", zone="Europe/Berlin")


def test_times_are_of_the_board_s_zone_unless_they_say_otherwise() -> None:
    assert call("make_season", "cup", "spring-26", "--starts", "2026-04-01", "--ends", "2026-05-01T12:00Z") == (
        "cup/spring-26: from 2026-04-01T00:00:00+02:00 until 2026-05-01T14:00:00+02:00.\n"
    )
    assert call("make_season", "cup", "winter-26", "--starts", "2026-12-01 18:30") == (
        "cup/winter-26: from 2026-12-01T18:30:00+01:00 until it is ended.\n"
    )
    assert list(Period.objects.filter(board__slug="cup").values_list("name", "starts_us", "ends_us")) == [
        (
            "spring-26",
            to_us(datetime(2026, 3, 31, 22, tzinfo=UTC)),
            to_us(datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ),
        ("winter-26", to_us(datetime(2026, 12, 1, 17, 30, tzinfo=UTC)), None),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cup", "spring", "--starts", "soon"], f"starts: 'soon' is no time. {HOW}"),
        (["cup", "spring", "--starts", "2026-04-01", "--ends", ""], f"ends: '' is no time. {HOW}"),
        (
            ["cup", "spring", "--starts", "2026-03-29T02:30"],
            "starts: Clocks in Europe/Berlin show 2026-03-29 02:30:00 at no time. "
            "Write it with its offset: 2026-03-29T02:30+01:00 or 2026-03-29T02:30+02:00.",
        ),
        (
            ["cup", "spring", "--starts", "2026-04-01", "--ends", "2026-10-25T02:30"],
            "ends: Clocks in Europe/Berlin show 2026-10-25 02:30:00 twice. "
            "Write it with its offset: 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00.",
        ),
        (
            ["cup", "spring", "--starts", "2026-02-28T23:59Z"],
            "starts: A season starts in the future: what counted already stays where it counted.",
        ),
        (["cup", "Spring", "--starts", "2026-04-01"], "name: The name of a season is 1 to 48 of a-z, 0-9 and -."),
        (["nothing", "spring", "--starts", "2026-04-01"], "There is no such board."),
        (["c\udcffp", "spring", "--starts", "2026-04-01"], "There is no such board."),
    ],
)
def test_a_season_that_cannot_be_is_refused_with_a_sentence(words: list[str], sentence: str) -> None:
    before = read_definitions()
    with pytest.raises(CommandError) as caught:
        call("make_season", *words)
    assert str(caught.value) == f"Nothing was changed. {sentence}"
    assert read_definitions() == before
