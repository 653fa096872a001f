"""Players as others see them: found by any part of their names, and where they stand."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scores.board.profiles import find_own_place, find_players, read_profile
from scores.board.ranks import rank_of_standing
from scores.errors import BoardFilling, InvalidQuery, UnknownBoard, UnknownPeriod, UnknownPlayer
from scores.models import Score, Standing
from tests.support.acting import make_player
from tests.support.boards import NOON, main_period, make_board, make_period, make_season, stand

pytestmark = pytest.mark.django_db
NOBODY = UUID(int=7)


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


def on_main(name: str, points: int) -> Score:
    """A player who has these points on the main board."""
    player = make_player(name)
    stand(player, main_period(), points)
    Score.objects.filter(pk=player.pk).update(points=points, reached_at=NOON, seq=1)
    return player


def search(text: str, limit: int = 10) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(find_players(text, limit).body)["players"]
    return found


def names(text: str, limit: int = 10) -> list[str]:
    return [player["name"] for player in search(text, limit)]


def test_a_player_is_found_with_rank_and_score_of_the_main_board() -> None:
    on_main("Grace", 50)
    ada = on_main("Ada Lovelace", 30)
    assert search("lovel") == [{"rank": 2, "player": str(ada.pk), "name": "Ada Lovelace", "score": 30}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zoë Müller", "zoe"), ("Zoë Müller", "MULLER"), ("Zoe Muller", "müll"), ("Ｆｕｌｌ", "full"), ("Straße", "STRASSE"),
        ("ﬁne", "fin"), ("Éa", "EA"), ("Łukasz", "łuk"), ("김민지", "민지"), ("Ngô Đình", "ngo đinh"), ("100% Ada_B", "0% ada_"),
        ("back\\slash", "k\\s"), ("John", "j\u200dohn"), ("Ada B", "a b"),
        ("Ada B", "  ada\u00a0b "),
    ],
)  # fmt: skip
def test_case_accents_and_forms_do_not_matter(name: str, text: str) -> None:
    on_main(name, 1)
    on_main("Somebody", 2)
    assert names(text) == [name]


@pytest.mark.parametrize("text", ["%%", "__", "a%b", "\\%", "' OR 1=1", "ada_lovelace"])
def test_no_character_stands_for_others(text: str) -> None:
    on_main("Ada Lovelace", 1)
    assert names(text) == []


def test_who_is_called_so_comes_first_then_whose_name_begins_so_then_who_has_more() -> None:
    for name, points in (("Anna", 1), ("Annabel", 2), ("Annika", 90), ("Hanna", 80), ("Joanna", 95), ("Änne", 99)):
        on_main(name, points)
    assert names("ann") == ["Änne", "Annika", "Annabel", "Anna", "Joanna", "Hanna"]
    assert names("anna") == ["Anna", "Annabel", "Joanna", "Hanna"]
    assert names("anna", limit=2) == ["Anna", "Annabel"]


def test_equals_come_in_the_order_of_their_ids() -> None:
    players = [on_main(f"Twin {letter}", 5) for letter in "abc"]
    assert [player["player"] for player in search("twin")] == sorted(str(player.pk) for player in players)


def test_who_is_frozen_or_without_an_entry_has_no_rank() -> None:
    make_player("Adam")
    frozen = on_main("Adele", 40)
    Standing.objects.filter(player=frozen).update(hidden=True)
    assert [(player["name"], player["rank"], player["score"]) for player in search("ad")] == [
        ("Adele", None, None),
        ("Adam", None, None),
    ]


def test_who_was_erased_is_found_by_the_neutral_name_alone() -> None:
    ada = on_main("Ádá Lovelace", 30)
    assert names("ada") == ["Ádá Lovelace"]
    ada.erase_name()
    ada.save(update_fields=Score.NAME_FIELDS)
    assert (names("ada"), names("lovelace")) == ([], [])
    assert names("erased") == [ada.name]


@pytest.mark.parametrize("text", ["a", " a ", "é", "\u0301\u0301\u0301", "   ", "\u200d\u200da", "x" * 65])
def test_fewer_than_two_characters_or_too_many_are_refused(text: str) -> None:
    with pytest.raises(InvalidQuery) as refusal:
        find_players(text, 10)
    assert [error["field"] for error in refusal.value.errors] == ["name"]


def test_a_search_is_two_statements() -> None:
    for number in range(5):
        on_main(f"Player {number}", number)
    with CaptureQueriesContext(connection) as queries:
        assert len(search("player")) == 5
    assert len(queries) == 2


def test_a_profile_has_the_current_periods_and_the_days_oldest_first() -> None:
    ada, daily = on_main("Ada", 30), make_board("daily")
    days = {name: make_period(daily, name) for name in ("2026-11-24", "2026-11-26", "2026-11-27", "2026-11-28")}
    stand(ada, days["2026-11-24"], 4)
    stand(ada, days["2026-11-27"], 7)
    stand("Ben", days["2026-11-27"], 9)
    fastest = make_board("fastest", rule="best", ascending=True, span="week")
    stand(ada, make_period(fastest, "2026-W48"), 12)
    stand("Cleo", Standing.objects.get(player=ada, period__board=fastest).period, 11)
    reached_at = "2026-11-27T12:00:00.000000Z"
    assert json.loads(read_profile(ada.pk).body) == {
        "player": {"id": str(ada.pk), "name": "Ada"},
        "standings": [
            {"board": "daily", "period": "2026-11-27", "rank": 2, "score": 7, "reached_at": reached_at},
            {"board": "fastest", "period": "2026-W48", "rank": 2, "score": 12, "reached_at": reached_at},
            {"board": "main", "period": "all", "rank": 1, "score": 30, "reached_at": reached_at},
        ],
        "history": [
            {"period": "2026-11-24", "score": 4},
            {"period": "2026-11-26", "score": None},
            {"period": "2026-11-27", "score": 7},
        ],
    }


def test_the_days_are_the_last_ninety_of_the_first_board_that_has_days() -> None:
    ada = make_player("Ada")
    make_board("off", enabled=False)
    make_board("filling", filling=True)
    first, second = make_board("zz-first"), make_board("aa-second")
    for number in range(95):
        name = f"{NOON - timedelta(days=number):%Y-%m-%d}"
        stand(ada, make_period(first, name), number)
    make_period(second, "2026-11-27")
    history = json.loads(read_profile(ada.pk).body)["history"]
    assert [day["score"] for day in history] == list(range(89, -1, -1))


def test_who_is_frozen_stands_nowhere_and_has_nothing_to_show() -> None:
    ada = on_main("Ada", 30)
    stand(ada, make_period(make_board("daily"), "2026-11-27"), 7)
    Standing.objects.update(hidden=True)
    profile = json.loads(read_profile(ada.pk).body)
    assert (profile["standings"], profile["history"]) == ([], [{"period": "2026-11-27", "score": None}])


def test_a_profile_leaves_out_what_is_over_off_or_filling() -> None:
    ada = make_player("Ada")
    stand(ada, make_period(make_board("daily"), "2026-11-26"), 1)
    stand(ada, make_season(make_board("league", span="season"), "old", NOON - timedelta(9), NOON - timedelta(5)), 2)
    stand(ada, make_period(make_board("off", enabled=False), "2026-11-27"), 3)
    stand(ada, make_period(make_board("filling", filling=True), "2026-11-27"), 4)
    assert json.loads(read_profile(ada.pk).body)["standings"] == []


def test_a_profile_takes_the_same_few_statements_for_any_number_of_boards() -> None:
    ada, counts = on_main("Ada", 30), []
    for number in range(3):
        stand(ada, make_period(make_board(f"board-{number}"), "2026-11-27"), 7)
        with CaptureQueriesContext(connection) as queries:
            assert len(json.loads(read_profile(ada.pk).body)["standings"]) == number + 2
        counts.append(len(queries))
    # Player, boards, standings with ranks, days.
    assert counts == [4, 4, 4]


def test_nobody_has_no_profile() -> None:
    with pytest.raises(UnknownPlayer):
        read_profile(NOBODY)


def test_ranks_come_along_with_standings_of_any_periods() -> None:
    daily = make_board("daily")
    days = [make_period(daily, name) for name in ("2026-11-26", "2026-11-27")]
    for name, points, seconds in (("Ada", 5, 1), ("Ben", 5, 0), ("Cleo", 9, 0)):
        player = make_player(name)
        stand(player, days[0], points, seconds)
        stand(player, days[1], -points, seconds)
    stand("Dan", days[0], 100, hidden=True)
    ranks = Standing.objects.filter(hidden=False).values_list("period__name", rank_of_standing(), "player__name")
    assert sorted(ranks) == [
        ("2026-11-26", 1, "Cleo"), ("2026-11-26", 2, "Ben"), ("2026-11-26", 3, "Ada"),
        ("2026-11-27", 1, "Ben"), ("2026-11-27", 2, "Ada"), ("2026-11-27", 3, "Cleo"),
    ]  # fmt: skip


def test_an_own_place_has_two_neighbours_each_way_in_the_words_of_the_board() -> None:
    races = make_period(make_board("fastest", rule="best", ascending=True), "2026-11-27")
    players = [make_player(f"P{number}") for number in range(1, 7)]
    for number, player in enumerate(players, start=1):
        stand(player, races, number)
    place = find_own_place("fastest", "current", players[3].pk)
    assert place is not None
    assert (place.score, place.points, place.rank) == (players[3], 4, 4)
    assert [(row["rank"], row["name"], row["score"]) for row in place.above] == [(2, "P2", 2), (3, "P3", 3)]
    assert [(row["rank"], row["name"], row["score"]) for row in place.below] == [(5, "P5", 5), (6, "P6", 6)]


def test_who_was_not_counted_has_no_place_and_who_is_frozen_has_points_without_rank() -> None:
    daily = make_board("daily")
    stand("Ben", make_period(daily, "2026-11-27"), 9)
    ada = make_player("Ada")
    for name in ("current", "2026-11-01"):
        place = find_own_place("daily", name, ada.pk)
        assert place is not None
        assert (place.points, place.rank, place.above, place.below) == (None, None, [], [])
    stand(ada, daily.periods.get(), 4, hidden=True)
    frozen = find_own_place("daily", "current", ada.pk)
    assert frozen is not None
    assert (frozen.points, frozen.rank, frozen.above, frozen.below) == (4, None, [], [])
    assert find_own_place("daily", "current", NOBODY) is None


def test_an_own_place_needs_a_board_and_a_period() -> None:
    make_board("filling", filling=True)
    ada = make_player("Ada")
    for slug, name, refusal in (
        ("nothing", "current", UnknownBoard),
        ("filling", "current", BoardFilling),
        ("main", "previous", UnknownPeriod),
    ):
        with pytest.raises(refusal):
            find_own_place(slug, name, ada.pk)
