"""The search in the header of every page of the desk: players and entries, as far as one may look, in a fixed number of queries."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from scores.admin.finding import SHOWN
from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player

FIND = reverse("admin:find")


@pytest.fixture
def zsofia(db: None) -> Score:
    player = make_player("Zsófia")
    corrections.adjust(player=player.pk, delta=10, reason="a day's play", actor="system")
    return player


def test_every_page_of_the_desk_has_the_field(desk: Client, zsofia: Score) -> None:
    for name in ("index", "scores_score_changelist", "password_change", "find"):
        page = desk.get(reverse(f"admin:{name}")).content.decode()
        assert f'action="{FIND}"' in page, name
    assert FIND not in Client().get(reverse("admin:login")).content.decode()


@pytest.mark.parametrize("text", ["zsofia", "ZSÓ", "id", "Zsófia#1"])
def test_a_player_and_the_entries_are_found(desk: Client, zsofia: Score, text: str) -> None:
    found = desk.get(FIND, {"q": str(zsofia.pk)[:8] if text == "id" else text}).context["found"]
    assert [(entry.player, entry.seq) for entry in found.entries] == [(zsofia.pk, 1)]
    assert found.scores == ([] if "#" in text else [zsofia])
    assert found.more == set()


def test_more_than_a_page_leads_to_the_list(desk: Client, zsofia: Score) -> None:
    for number in range(SHOWN + 1):
        player = make_player(f"Many & {number}")
        corrections.adjust(player=player.pk, delta=10, reason="a day's play", actor="system")
    response = desk.get(FIND, {"q": "many &"})
    found = response.context["found"]
    assert (len(found.scores), len(found.entries), found.more) == (SHOWN, SHOWN, {"scores", "entries"})
    assert response.content.decode().count("?q=many%20%26") == 2


def test_who_may_look_at_nothing_finds_nothing(client: Client, zsofia: Score) -> None:
    call_command("make_desk_groups", verbosity=0)
    user = User.objects.create_user("ann", is_staff=True)
    user.groups.set(Group.objects.filter(name="Catalogue managers"))
    client.force_login(user)
    response = client.get(FIND, {"q": "zsofia"})
    assert (response.status_code, response.context["found"].scores, response.context["found"].entries) == (
        200,
        None,
        None,
    )
    assert "Zsófia" not in response.content.decode()


@pytest.mark.parametrize("text", ["", " ", "%", "_", "\\", "x" * 10_000, "#", "#1", "<b>"])
def test_any_other_text_is_an_empty_page(desk: Client, zsofia: Score, text: str) -> None:
    response = desk.get(FIND, {"q": text})
    assert (response.status_code, response.context["found"].scores, response.context["found"].entries) == (200, [], [])
    assert "<b>" not in response.content.decode()


@pytest.mark.parametrize("count", [1, 5])
def test_it_takes_the_same_queries_whatever_is_found(
    desk: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        player = make_player(f"Zsófia {number}")
        corrections.adjust(player=player.pk, delta=10, reason="a day's play", actor="system")
    desk.get(FIND)
    # Session, user, permissions of the user and of the groups; a name in three steps, the players; whether it is a request id, a
    # name in three steps, the entries, their players; what the menu at the side may show is known by then.
    with django_assert_num_queries(14):
        found = desk.get(FIND, {"q": "zsofia"}).context["found"]
    assert (len(found.scores), len(found.entries)) == (count, count)
