"""What an entry counts in is decided to the microsecond, however its day begins and whoever made the period of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from audit.models import AuditEntry
from audit.times import to_us
from scores.catalogue import set_action
from scores.counting import periods
from scores.counting.definitions import make_board, make_season
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import Period, Score, Standing
from tests.support.acting import make_player
from tests.support.awards import report
from tests.support.clock import turn_clock, turn_clock_back
from tests.support.naive_boards import Season
from tests.support.played_histories import count_by_hand, read_standings
from tests.support.tampering import WHY

pytestmark = pytest.mark.django_db(transaction=True)
LEAST, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)
#: Together with others, which only PostgreSQL has, and under the player's lock.
WAYS = [pytest.param(nullcontext, id="swap", marks=pytest.mark.postgresql), pytest.param(transaction.atomic, id="lock")]
Way = Callable[[], AbstractContextManager[Any]]

#: Zone, the first instant of the day in UTC, the day before, the day, and its hours; by the laws of years that are over.
DAYS = {
    "Apia leaves out a day": ("Pacific/Apia", "2011-12-30T10:00", "2011-12-29", "2011-12-31", 24),
    "Santiago begins at 01:00": ("America/Santiago", "2025-09-07T04:00", "2025-09-06", "2025-09-07", 23),
    "Santiago has 23:00 twice": ("America/Santiago", "2025-04-05T03:00", "2025-04-04", "2025-04-05", 25),
    "Havana begins at 01:00": ("America/Havana", "2025-03-09T05:00", "2025-03-08", "2025-03-09", 23),
    "Havana has two midnights": ("America/Havana", "2025-11-02T04:00", "2025-11-01", "2025-11-02", 25),
    "Cairo begins at 01:00": ("Africa/Cairo", "2025-04-24T22:00", "2025-04-24", "2025-04-25", 23),
    "Cairo has 23:00 twice": ("Africa/Cairo", "2025-10-29T21:00", "2025-10-29", "2025-10-30", 25),
    "Beirut begins at 01:00": ("Asia/Beirut", "2025-03-29T22:00", "2025-03-29", "2025-03-30", 23),
    "Beirut has 23:00 twice": ("Asia/Beirut", "2025-10-24T21:00", "2025-10-24", "2025-10-25", 25),
}


@pytest.fixture(autouse=True)
def _clock_goes_right_again(transactional_db: None) -> Iterator[None]:
    yield
    turn_clock_back()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_ahead", [True, False], ids=["made ahead", "made by the first"])
@pytest.mark.parametrize("name", DAYS)
def test_a_microsecond_decides_the_day(name: str, is_ahead: bool, way: Way) -> None:
    zone, begins, before, day, hours = DAYS[name]
    start = datetime.fromisoformat(begins).replace(tzinfo=UTC)
    end = start + hours * HOUR
    turn_clock(start - DAY)
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    make_board(slug="days", label="Days", counts="*", rule="count", span="day", zone=zone, actor="system")
    ada, ben = players = [make_player(name) for name in ("Ada", "Ben")]
    for boundary in (start, end):
        turn_clock(boundary - HOUR)
        if is_ahead:
            periods.make_ahead()
        # Ada acts on both sides. Ben is the first of all to act at the boundary.
        for moment, player in [(boundary - LEAST, ada), (boundary, ben), (boundary, ada)]:
            turn_clock(moment)
            with way():
                report(player, f"at {moment}")
    check_days(players, before, day, start, end)


def check_days(players: list[Score], before: str, day: str, start: datetime, end: datetime) -> None:
    """Who acted on both sides did so twice in the day; the days are there once, as the calendar has them, and the log holds."""
    ada, ben = players
    after = (datetime.fromisoformat(day) + DAY).date().isoformat()
    counted = {name: place.points for (board, name), (place, _) in read_standings(ada).items() if board == "days"}
    assert counted == {before: 1, day: 2, after: 1}
    for player in players:
        assert read_standings(player) == count_by_hand(player)
    assert {name for board, name in read_standings(ben) if board == "days"} == {day, after}
    bounds = {period.name: (period.starts_us, period.ends_us) for period in Period.objects.filter(board__slug="days")}
    assert bounds[day] == (to_us(start), to_us(end))
    assert (bounds[before][1], bounds[after][0]) == bounds[day]
    made = AuditEntry.objects.filter(action="period:days").values_list("context__after", flat=True)
    assert sorted(text.split()[0].removeprefix("name=") for text in made) == sorted(bounds)
    assert list(verify()) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_microsecond_decides_the_season(way: Way) -> None:
    """Before the first, in it up to its last microsecond, none between the two, and in the second from its first one on."""
    ada, seasons = make_cup(), SEASONS
    moments = [
        (START + number * HOUR + step, f"{number} {step}") for number in range(1, 5) for step in (-LEAST, 0 * LEAST)
    ]
    for moment, key in moments:
        turn_clock(moment)
        with way():
            report(ada, key)
    counted = {(board, name): place.points for (board, name), (place, _) in read_standings(ada).items()}
    assert counted == {
        ("main", "all"): 80,
        ("sum", "one"): 20,
        ("sum", "two"): 20,
        ("best", "one"): 10,
        ("best", "two"): 10,
    }
    assert read_standings(ada) == count_by_hand(ada, seasons)
    assert list(verify()) == []


SEASONS = [
    Season("one", to_us(START + HOUR), to_us(START + 2 * HOUR)),
    Season("two", to_us(START + 3 * HOUR), to_us(START + 4 * HOUR)),
]


def make_cup() -> Score:
    """Two boards with seasons of one hour, one hour apart; nobody has acted yet."""
    turn_clock(START)
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    for rule in ("sum", "best"):
        make_board(slug=rule, label=rule, counts="*", rule=rule, span="season", actor="system")
        for name, starts_us, ends_us in SEASONS:
            make_season(board=rule, name=name, starts_us=starts_us, ends_us=ends_us, actor="system")
    return make_player("Ada")


def test_a_void_in_an_ended_season_moves_that_season_alone_and_a_restore_gives_it_back() -> None:
    ada, ben = make_cup(), make_player("Ben")
    for number, moment in enumerate([START + 1.5 * HOUR, START + 1.6 * HOUR, START + 3.5 * HOUR]):
        turn_clock(moment)
        for player in (ada, ben):
            report(player, f"{number}")
    turn_clock(START + 9 * HOUR)
    before = read_rows()
    corrections.void(player=ada.pk, seq=1, **WHY)
    moved = {key for key, row in read_rows().items() if row != before.get(key)}
    assert moved == {(ada.pk, "main", "all"), (ada.pk, "sum", "one"), (ada.pk, "best", "one")}
    assert read_rows().keys() == before.keys()
    assert read_standings(ada)["sum", "one"][0] == (10, to_us(START + 9 * HOUR), 4)
    assert read_standings(ada)["best", "one"][0] == (10, to_us(START + 1.6 * HOUR), 2)
    corrections.void(player=ada.pk, seq=2, **WHY)
    assert before.keys() - read_rows().keys() == {(ada.pk, "best", "one")}
    corrections.restore(player=ada.pk, seq=4, **WHY)
    assert read_standings(ada)["best", "one"][0] == before[ada.pk, "best", "one"]
    after = read_rows()
    assert {key for key, row in after.items() if row != before[key]} == {
        (ada.pk, "main", "all"),
        (ada.pk, "sum", "one"),
    }
    assert after[ada.pk, "sum", "one"][0] == 10
    assert [read_standings(player) for player in (ada, ben)] == [
        count_by_hand(player, SEASONS) for player in (ada, ben)
    ]
    assert list(verify()) == []


def read_rows() -> dict[Any, Any]:
    """Points, time and entry of everybody everywhere."""
    rows = Standing.objects.values_list("player", "period__board__slug", "period__name", "points", "reached_at", "seq")
    return {tuple(row[:3]): (row[3], to_us(row[4]), row[5]) for row in rows}
