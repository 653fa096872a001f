"""Making a board at the desk: a preview that writes nothing, and then the board in the manager's name."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.models import Board, Score
from tests.support.definitions import TERMS, define, read_definitions
from tests.support.desk_boards import sign_in
from tests.support.desk_pages import read_text

MAKE = reverse("admin:scores_board_make")
TODAY = {**TERMS, "zone": "UTC"}


@pytest.fixture
def manager(db: None) -> Client:
    """May configure."""
    return sign_in("Catalogue managers")


def address(**changes: Any) -> str:
    return reverse("admin:scores_board_make", query={**TODAY, **changes})


def test_the_page_begins_with_an_empty_form(manager: Client) -> None:
    response = manager.get(MAKE)
    assert (response.status_code, "preview" in response.context) == (200, False)
    assert (response.context["form"].is_bound, response.context["form"].initial) == (False, {})


def test_a_preview_shows_and_writes_nothing(manager: Client, board: dict[str, Score]) -> None:
    before = read_definitions()
    response = manager.get(address())
    page = read_text(response.content.decode())
    assert "By the newest 6 entries alone, since" in page
    assert "as if they were of one period: 6 would count." in page
    assert "1 Ada 30 2 Ben 20 3 Cleo 10" in page
    assert "It counts from the moment it is made on." in page
    assert read_definitions() == before


def test_what_is_previewed_is_made_in_the_manager_s_name(manager: Client) -> None:
    response = manager.post(address(counts="chess-*, go"), {"reason": "asked for"}, follow=True)
    board = Board.objects.get(slug="today")
    assert response.redirect_chain == [(reverse("admin:scores_board_change", args=[board.pk]), 302)]
    assert [str(message) for message in response.context["messages"]] == ["The board is made, and counts from now on."]
    assert (board.label, board.counts, board.rule, board.span, board.zone) == (
        "Today",
        "chess-*,go",
        "sum",
        "day",
        "UTC",
    )
    entry = AuditEntry.objects.get(player=SYSTEM_CHAIN, seq=board.change)
    assert isinstance(entry.context, dict)
    actor = Score.objects.get(user__username="catalogue-managers")
    assert (entry.actor, entry.context["reason"]) == (str(actor.pk), "asked for")


def test_with_all_the_past_the_desk_says_which_command_fills_it(manager: Client, board: dict[str, Score]) -> None:
    assert "manage.py enable_board today" in read_text(manager.get(address(from_log="on")).content.decode())
    response = manager.post(address(from_log="on"), {}, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "Nobody can see the board until it is filled from the log: manage.py enable_board today does it, "
        "and shows how far it is."
    ]
    assert (Board.objects.get(slug="today").filling, Board.objects.get(slug="today").since_us) == (True, 0)


def test_a_form_sent_twice_makes_one_board(manager: Client) -> None:
    manager.post(address(), {})
    before = read_definitions()
    assert manager.post(address(), {}).status_code == 302
    assert read_definitions() == before


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"slug": "To day"}, {"slug": ["Enter a valid value."]}),
        ({"slug": "main"}, {"slug": ["The main board is built in and stays as it is."]}),
        ({"slug": "taken"}, {"slug": ["There is a board 'taken' already."]}),
        (
            {"ascending": "on"},
            {
                "ascending": [
                    "Only the best or the latest can be ascending: with sums and counts, who does nothing would lead."
                ]
            },
        ),
        ({"zone": "Mars"}, {"zone": ["There is no time zone 'Mars'. Take a name such as Europe/Berlin."]}),
        (
            {"counts": "*-win"},
            {"counts": ["A pattern is *, the slug of an action, or the begin of slugs followed by *."]},
        ),
        ({"rule": "mean"}, {"rule": ["Select a valid choice. mean is not one of the available choices."]}),
        ({"span": ""}, {"span": ["This field is required."]}),
    ],
)
def test_a_board_that_cannot_be_is_refused_by_field_in_preview_and_act(
    manager: Client, change: dict[str, str], errors: dict[str, list[str]]
) -> None:
    define(slug="taken", span="week")
    before = read_definitions()
    for response in (manager.get(address(**change)), manager.post(address(**change), {})):
        assert response.status_code == 200
        assert "preview" not in response.context
        found = dict(response.context["form"].errors)
        if change == {"slug": "taken"} and response.request["REQUEST_METHOD"] == "POST":
            assert found["slug"][0].startswith("There is a board 'taken' with other terms.")
        else:
            assert found == errors
    assert read_definitions() == before


def test_too_many_boards_are_told_before_one_is_made(manager: Client) -> None:
    for number in range(7):
        define(slug=f"board-{number}")
    before = read_definitions()
    for response in (manager.get(address()), manager.post(address(), {})):
        assert response.context["form"].non_field_errors() == [
            "An action counts on at most 8 boards, and 'any' would on 9."
        ]
    assert read_definitions() == before


def test_a_reason_that_is_too_long_is_told_beside_the_preview(manager: Client) -> None:
    before = read_definitions()
    response = manager.post(address(), {"reason": "r" * 1001})
    assert list(response.context["confirmation"].errors) == ["reason"]
    assert "preview" in response.context
    assert read_definitions() == before


@pytest.mark.parametrize("group", ["Viewers", "Moderators"])
def test_who_may_not_configure_makes_none(db: None, group: str) -> None:
    client = sign_in(group)
    before = read_definitions()
    for response in (client.get(address()), client.post(address(), {}), client.get(MAKE)):
        assert response.status_code == 403
    assert read_definitions() == before
