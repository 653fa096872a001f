"""Players on first sight: each gets a row and a name that nobody else has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection

from scores import players
from scores.investigation import corrections
from scores.models import Score
from scores.players import FreeNames, ensure_external_player, ensure_player, make_players
from tests.support.acting import make_player


class TestNamesakes:
    def test_an_account_named_by_an_address_shows_what_is_before_the_at(self, db: None) -> None:
        users = [User.objects.create(username=f"ada@{host}.example") for host in ("a", "b", "c")]
        assert [ensure_player(user).name for user in users] == ["ada", "ada (2)", "ada (3)"]

    def test_a_long_name_makes_room_for_its_number(self, player: Score) -> None:
        first, second = (ensure_external_player(make_id(n), "x" * 63 + "é") for n in (1, 2))
        assert (first.name, second.name) == ("x" * 63 + "é", "x" * 60 + " (2)")

    def test_ten_namesakes_are_found_room_in_a_few_queries(
        self, db: None, django_assert_num_queries: Callable[..., AbstractContextManager[None]]
    ) -> None:
        for number in range(12):
            ensure_external_player(make_id(number), "Alex Smith")
        user = User.objects.create(username="Alex Smith")
        with django_assert_num_queries(6):  # is there one, two looks for a free name, a savepoint, the row, its release
            assert ensure_player(user).name == "Alex Smith (13)"


class TestFreeNames:
    def test_each_gets_the_nearest_that_neither_others_nor_those_before_have(self, db: None) -> None:
        for name in ("Alex", "Alex (2)", "Bea"):
            make_player(name)
        free = FreeNames()
        wanted = ["Alex", "Cyd", "Bea", "ALEX", "Cyd", "Cyd"]
        found = free.find([(make_id(number), name) for number, name in enumerate(wanted)])
        assert found == ["Alex (3)", "Cyd", "Bea (2)", "ALEX (4)", "Cyd (2)", "Cyd (3)"]
        assert free.find([(make_id(7), "Alex"), (make_id(8), "Dot")]) == ["Alex (5)", "Dot"]

    def test_what_too_many_share_is_a_neutral_name(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(players, "LOOKS", (1, 3))
        found = FreeNames().find([(make_id(number), "Alex") for number in range(4)])
        assert found == ["Alex", "Alex (2)", "Alex (3)", "Player 000000000000"]

    def test_many_names_are_looked_for_at_once(
        self, db: None, django_assert_num_queries: Callable[..., AbstractContextManager[None]]
    ) -> None:
        for name in ("Alex", "Bea"):
            make_player(name)
        wanted = [(make_id(number), name) for number, name in enumerate(["Alex", "Bea", "Cyd"] * 20)]
        with django_assert_num_queries(2):
            assert FreeNames().find(wanted)[-3:] == ["Alex (21)", "Bea (21)", "Cyd (20)"]


def test_whoever_is_made_or_renamed_is_searched_without_accents(investigator: User) -> None:
    ada = make_player("Ádá")
    made = [
        ada,
        ensure_player(User.objects.create_user("Zoë")),
        ensure_external_player(make_id(1), "Émile"),
        *(score for score, _ in make_players(["Łukasz Nowák", "Plain"])),
    ]
    kept = [Score.objects.get(pk=score.pk).search_key for score in made]
    assert kept == ["ada", "zoe", "emile", "łukasz nowak", ""]
    corrections.rename(player=ada.pk, name="Bjørn Åse", reason="as asked", actor=str(investigator.pk))
    assert Score.objects.get(pk=ada.pk).search_key == "bjørn ase"
    corrections.erase_player(player=ada.pk, reason="as asked", actor=str(investigator.pk))
    assert Score.objects.get(pk=ada.pk).search_key == ""


def make_id(number: int) -> UUID:
    return UUID(int=number + 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_many_of_one_name_at_the_same_moment_each_get_their_own() -> None:
    def make(number: int) -> str:
        try:
            return ensure_external_player(make_id(number), "Alex Smith").name
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = sorted(pool.map(make, range(4)))
    assert made == ["Alex Smith", "Alex Smith (2)", "Alex Smith (3)", "Alex Smith (4)"]
