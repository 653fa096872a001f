"""A board made from the log is what it would be had it always been there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from scores.counting import filling, plans
from scores.counting.definitions import change_board, make_board
from scores.investigation import corrections
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player
from tests.support.tampering import WHY

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)


def make(slug: str, rule: str = "sum", span: str = "week", *, from_log: bool = True) -> Board:
    return make_board(slug=slug, label=slug, counts="*", rule=rule, span=span, from_log=from_log, actor="system")


def read(slug: str) -> list[tuple[object, ...]]:
    rows = Standing.objects.filter(period__board__slug=slug)
    columns = ("period__name", "player", "points", "reached_at", "seq", "hidden")
    return sorted(rows.values_list(*columns))


@pytest.fixture
def players(turn_clock: TurnClock) -> list[Score]:
    """Three weeks: Ada plays in the first and the last, Ben in the first and was voided there since, Cleo is frozen."""
    turn_clock(MONDAY)
    players = [make_player(name) for name in ("Ada", "Ben", "Cleo", "Dot")]
    ada, ben, cleo, _ = (player.pk for player in players)
    for player, delta in ((ada, 7), (ada, 9), (ben, 4), (ben, 5), (cleo, 3)):
        corrections.adjust(player=player, delta=delta, **WHY)
    turn_clock(MONDAY + timedelta(days=15))
    corrections.adjust(player=ada, delta=2, **WHY)
    corrections.void(player=ben, seq=2, **WHY)
    corrections.freeze(player=cleo, **WHY)
    return players


@pytest.mark.parametrize("rule", ["sum", "count", "best", "latest"])
def test_it_has_the_periods_and_standings_of_all_the_past(players: list[Score], rule: str) -> None:
    ada, ben, cleo, _ = players
    make("weeks", rule)
    assert read("weeks") == []
    told: list[int] = []
    filling.fill("weeks", told.append)
    assert sum(told) == 7
    points = {(name, player): (points, seq, hidden) for name, player, points, _, seq, hidden in read("weeks")}
    adas = {"sum": (16, 2), "count": (2, 2), "best": (9, 2), "latest": (9, 2)}
    bens = {"sum": (4, 3), "count": (1, 3), "best": (4, 1), "latest": (4, 1)}
    assert points == {
        ("2026-W47", ada.pk): (*adas[rule], False),
        ("2026-W47", ben.pk): (*bens[rule], False),
        ("2026-W47", cleo.pk): (1 if rule == "count" else 3, 1, True),
        ("2026-W49", ada.pk): (1 if rule == "count" else 2, 3, False),
    }
    assert list(Period.objects.filter(board__slug="weeks").values_list("name", flat=True)) == ["2026-W47", "2026-W49"]


def test_it_is_shown_when_it_is_full(players: list[Score]) -> None:
    make("weeks")
    assert [board.slug for board in Board.objects.filter(filling=True)] == ["weeks"]
    filling.fill("weeks")
    assert not Board.objects.filter(filling=True).exists()
    before = read("weeks")
    filling.fill("weeks")
    assert read("weeks") == before


def test_one_that_was_switched_on_again_has_what_came_meanwhile(players: list[Score]) -> None:
    make("weeks")
    make("always")
    filling.fill("weeks")
    filling.fill("always")
    change_board(slug="weeks", enabled=False, actor="system")
    ada = players[0].pk
    corrections.adjust(player=ada, delta=100, **WHY)
    corrections.void(player=ada, seq=1, **WHY)
    filling.fill("weeks")  # it is off
    assert read("weeks") != read("always")
    change_board(slug="weeks", enabled=True, actor="system")
    filling.fill("weeks")
    assert read("weeks") == read("always")


def test_one_that_was_off_and_on_again_while_it_was_filled_misses_nothing(players: list[Score]) -> None:
    make("weeks")
    ada = players[0].pk
    switched: list[int] = []

    def switch(entries: int) -> None:
        """Between the chunks of a fill, as another command would."""
        if not switched:
            switched.append(entries)
            change_board(slug="weeks", enabled=False, actor="system")
            corrections.adjust(player=ada, delta=100, **WHY)
            change_board(slug="weeks", enabled=True, actor="system")

    filling.fill("weeks", switch)
    make("again")
    filling.fill("again")
    assert read("weeks") == read("again")
    assert not Board.objects.get(slug="weeks").filling


def test_periods_that_are_made_while_it_fills_are_known_to_it(players: list[Score], turn_clock: TurnClock) -> None:
    make("weeks")
    calendar = filling.Calendar()
    turn_clock(MONDAY + timedelta(days=30))
    corrections.adjust(player=players[3].pk, delta=100, **WHY)
    Standing.objects.filter(player=players[3].pk, period__board__slug="weeks").delete()
    [definition] = [plan.definition for plan in plans.read_plans().boards]
    assert filling.derive_players([players[3].pk], [definition], calendar) == 1
    assert [(name, points) for name, _, points, *_ in read("weeks")] == [("2026-W51", 100)]


def test_what_is_wrong_is_set_to_what_the_log_says(players: list[Score]) -> None:
    make("weeks")
    filling.fill("weeks")
    before = read("weeks"), read("main")
    ada, ben, _, dot = (player.pk for player in players)
    Standing.objects.filter(player=ada).update(points=99)
    Standing.objects.filter(player=ben).delete()
    Standing.objects.create(player_id=dot, period_id=0, points=5, reached_at=MONDAY, seq=1)
    definitions = [plan.definition for plan in plans.read_plans().boards]
    everybody = [player.pk for player in players]
    assert filling.derive_players(everybody, definitions, filling.Calendar(), with_main=True) == 6
    assert (read("weeks"), read("main")) == before
    assert filling.derive_players(everybody, definitions, filling.Calendar(), with_main=True) == 0
