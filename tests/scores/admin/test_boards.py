"""Boards at the desk: the list and the pages say how each is, and every change is the service's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from audit.times import to_us
from scores.counting import definitions
from scores.counting.definitions import change_board
from scores.counting.filling import fill
from scores.investigation import corrections
from scores.models import Board, Period, Score
from tests.support.acting import make_player
from tests.support.definitions import define, read_definitions
from tests.support.desk_boards import sign_in
from tests.support.desk_pages import read_text

LIST = reverse("admin:scores_board_changelist")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
TurnClock = Callable[[datetime], None]


@pytest.fixture
def manager(db: None) -> Client:
    """May configure."""
    return sign_in("Catalogue managers")


@pytest.fixture
def viewer(db: None) -> Client:
    """May look."""
    return sign_in("Viewers")


@pytest.fixture(autouse=True)
def _noon(turn_clock: TurnClock) -> None:
    turn_clock(NOON)


def page_of(board: Board) -> str:
    return reverse("admin:scores_board_change", args=[board.pk])


def act_on(board: Board, name: str) -> str:
    return reverse("admin:scores_board_act", args=[board.pk, name])


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return read_text(response.content.decode())


def do(client: Client, board: Board, act: str, **sent: Any) -> str:
    """What the desk says after an act that was done, on the page of the board."""
    response = client.post(act_on(board, act), sent, follow=True)
    assert response.redirect_chain == [(page_of(board), 302)]
    return "; ".join(map(str, response.context["messages"]))


def refuse(client: Client, board: Board, act: str, **sent: Any) -> dict[str, list[str]]:
    """The errors of an act that was refused and left all as it was."""
    before = read_definitions()
    response = client.post(act_on(board, act), sent)
    assert read_definitions() == before
    assert response.status_code == 200
    return dict(response.context["acts"][act].errors)


def gain(player: Score, points: int) -> None:
    corrections.adjust(player=player.pk, delta=points, reason="a day's play", actor="system")


def test_the_list_says_how_each_board_is_and_who_leads(viewer: Client, turn_clock: TurnClock) -> None:
    define(zone="Europe/Berlin")
    define(slug="laps", label="Laps", counts="lap", rule="best", ascending=True, span="all", from_log=True)
    define(slug="cup", label="Cup", span="season")
    define(slug="off", label="Off", span="month")
    ada, ben = make_player(), make_player("Ben")
    gain(ada, 10)
    gain(ben, 20)
    change_board(slug="off", actor="system", enabled=False)
    response = viewer.get(LIST)
    assert response.status_code == 200
    rows = {
        board.slug: (model_admin.state(board), model_admin.present_period(board), read_text(model_admin.leader(board)))
        for model_admin in [response.context["cl"].model_admin]
        for board in response.context["cl"].result_list
    }
    assert rows == {
        "main": ("on", "all", " Ben , 20"),
        "today": ("on", "2026-11-27", " Ben , 20"),
        "laps": ("not filled yet", "all", "–"),
        "cup": ("on", "–", "–"),
        "off": ("off", "2026-11", "–"),
    }
    assert "best, the smallest first" in read_text(response.content.decode())
    turn_clock(NOON + timedelta(days=1))
    assert "2026-11-28" in read(viewer, LIST)


def count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        read(client, address)
    return len(queries)


@pytest.mark.postgresql
def test_list_and_page_take_the_same_queries_however_much_there_is(viewer: Client, turn_clock: TurnClock) -> None:
    board = define(span="day")
    ada = make_player()
    gain(ada, 10)
    turn_clock(NOON + timedelta(days=1))  # one is closed, of which something may have been stated
    gain(ada, 10)
    before = count_queries(viewer, LIST), count_queries(viewer, page_of(board))
    for day in range(2, 5):
        define(slug=f"more-{day}")
        turn_clock(NOON + timedelta(days=day))
        gain(ada, 10)
    assert (count_queries(viewer, LIST), count_queries(viewer, page_of(board))) == before


def test_a_page_shows_the_periods_as_the_archive_newest_first(viewer: Client, turn_clock: TurnClock) -> None:
    board = define(zone="Europe/Berlin")
    ada, ben = make_player(), make_player("Ben")
    gain(ada, 10)
    gain(ben, 5)
    turn_clock(NOON + timedelta(days=1))
    gain(ben, 7)
    corrections.freeze(player=ada.pk, reason="under review", actor="system")
    page = read(viewer, page_of(board))
    today = "2026-11-28 2026-11-28 00:00:00 CET 2026-11-29 00:00:00 CET open 1 Ben 7 0"
    yesterday = "2026-11-27 2026-11-27 00:00:00 CET 2026-11-28 00:00:00 CET closed 1 Ben 5 0"
    assert f"{today} CSV JSON {yesterday} CSV JSON" in page
    # Which of them is which, for who hears one alone.
    text = viewer.get(page_of(board)).content.decode()
    assert all(
        f'aria-label="{form}: {name}"' in text for form in ("CSV", "JSON") for name in ("2026-11-28", "2026-11-27")
    )
    turn_clock(datetime(2026, 11, 28, 23, 0, 29, tzinfo=UTC))
    assert today.replace("open", "closing") in read(viewer, page_of(board))
    assert "Switch off" not in page


def test_of_times_the_smallest_leads_and_is_shown_as_it_is(viewer: Client) -> None:
    board = define(rule="best", ascending=True, span="all")
    for name, points in (("Ada", 30), ("Ben", 20)):
        gain(make_player(name), points)
    assert "all 1970-01-01 00:00:00 UTC – open 2 Ben 20 0" in read(viewer, page_of(board))


def test_an_archive_is_read_page_by_page(viewer: Client) -> None:
    board = define(slug="cup", span="season")
    for number in range(1, 61):
        starts_us = to_us(NOON + timedelta(hours=number))
        definitions.make_season(
            board="cup", name=f"s-{number}", starts_us=starts_us, ends_us=starts_us + 1, actor="system"
        )
    response = viewer.get(page_of(board))
    assert [row.name for row in response.context["archive"]] == [f"s-{number}" for number in range(60, 10, -1)]
    older = f"?before={response.context['older']}"
    assert older in response.content.decode()
    assert {row.state for row in response.context["archive"]} == {"coming"}
    response = viewer.get(page_of(board) + older)
    assert [row.name for row in response.context["archive"]] == [f"s-{number}" for number in range(10, 0, -1)]
    assert response.context["older"] is None
    for nonsense in ("x", "-1", "9" * 19, "١"):
        assert len(viewer.get(page_of(board), {"before": nonsense}).context["archive"]) == 50


def test_a_label_is_changed_in_the_manager_s_name(manager: Client) -> None:
    board = define()
    assert do(manager, board, "label", label="The day", reason="shorter") == "The board is called The day."
    board.refresh_from_db()
    entry = AuditEntry.objects.get(player=SYSTEM_CHAIN, seq=board.change)
    assert isinstance(entry.context, dict)
    actor = Score.objects.get(user__username="catalogue-managers")
    assert (board.label, entry.actor, entry.context["reason"]) == ("The day", str(actor.pk), "shorter")


def test_a_board_is_switched_off_and_on_and_the_desk_says_what_fills_it(
    manager: Client, board: dict[str, Score]
) -> None:
    today = define()
    assert do(manager, today, "disable") == "The board is off: it is neither shown nor written."
    page = read(manager, page_of(today))
    assert ("Switch on" in page, "Switch off" in page) == (True, False)
    sentence = (
        "Nobody can see the board until it is filled from the log: manage.py enable_board today does it, "
        "and shows how far it is."
    )
    assert do(manager, today, "enable") == sentence
    assert sentence in read(manager, page_of(today))
    fill("today")
    assert sentence not in read(manager, page_of(today))
    assert do(manager, today, "enable") == "The board is on."


def test_a_season_is_made_and_ended(manager: Client) -> None:
    cup = define(slug="cup", span="season", zone="Europe/Berlin")
    told = do(manager, cup, "make-season", name="autumn", starts="2026-11-28", ends=" 2026-12-01T18:00 ")
    assert told == "The season autumn starts at 2026-11-28 00:00:00 CET."
    told = do(manager, cup, "end-season", name="autumn", ends="2026-11-30T18:00Z")
    assert told == "The season autumn ends at 2026-11-30 19:00:00 CET."
    told = do(manager, cup, "make-season", name="winter", starts="2026-12-01")
    assert told == "The season winter starts at 2026-12-01 00:00:00 CET."
    assert list(Period.objects.filter(board=cup).order_by("starts_us").values_list("name", "ends_us")) == [
        ("autumn", to_us(datetime(2026, 11, 30, 18, tzinfo=UTC))),
        ("winter", None),
    ]


def test_only_what_has_not_ended_can_be_ended(manager: Client, turn_clock: TurnClock) -> None:
    cup = define(slug="cup", span="season")
    do(manager, cup, "make-season", name="autumn", starts="2026-11-27T12:00", ends="2026-11-27T13:00")
    do(manager, cup, "make-season", name="winter", starts="2026-11-27T13:00")
    turn_clock(NOON + timedelta(hours=1))
    response = manager.get(page_of(cup))
    assert response.context["acts"]["end-season"].fields["name"].choices == [("winter", "winter")]
    [choice] = refuse(manager, cup, "end-season", name="autumn")["name"]
    assert choice.startswith("Select a valid choice. autumn is not one")
    assert do(manager, cup, "end-season", name="winter") == "The season winter ends at 2026-11-27 13:01:00 UTC."


def test_what_is_refused_is_told_at_its_field_and_changes_nothing(manager: Client) -> None:
    today, cup = define(), define(slug="cup", span="season")
    do(manager, cup, "make-season", name="autumn", starts="2026-11-28")
    assert refuse(manager, today, "label", label="") == {"label": ["This field is required."]}
    assert refuse(manager, today, "label", label="x" * 121) != {}
    assert refuse(manager, today, "label", label="x", reason="r" * 1001) != {}
    assert refuse(manager, cup, "make-season", name="Winter!", starts="2026-12-01") == {
        "name": ["The name of a season is 1 to 48 of a-z, 0-9 and -."]
    }
    assert refuse(manager, cup, "make-season", name="winter", starts="soon")["starts"][0].startswith(
        "'soon' is no time"
    )
    assert refuse(manager, cup, "make-season", name="winter", starts="2026-12-01") == {
        "starts": ["The season 'autumn' is at that time."]
    }
    assert refuse(manager, cup, "make-season", name="winter", starts="2026-11-27", ends="2026-11-28") == {
        "starts": ["A season starts in the future: what counted already stays where it counted."]
    }
    assert refuse(manager, cup, "end-season", name="autumn", ends="2026-11-27T12:00:59") == {
        "ends": ["A season ends at least 60 seconds from now."]
    }


def test_an_act_that_the_page_does_not_offer_is_refused_by_the_service(manager: Client) -> None:
    today, main = define(), Board.objects.get(slug="main")
    before = read_definitions()
    for board, name, sent in (
        (today, "make-season", {"name": "autumn", "starts": "2026-11-28"}),
        (main, "disable", {}),
        (main, "label", {"label": "Everything"}),
    ):
        response = manager.post(act_on(board, name), sent)
        assert (response.status_code, response.context["messages"]._queued_messages) == (200, [])
    assert read_definitions() == before
    assert "acts" in manager.get(page_of(main)).context
    assert manager.get(page_of(main)).context["acts"] == {}
    assert manager.post(act_on(today, "nothing")).status_code == 404
    assert manager.post(reverse("admin:scores_board_act", args=[999, "label"])).status_code == 404
    assert manager.get(act_on(today, "label")).status_code == 405
    assert read_definitions() == before


@pytest.mark.parametrize("group", ["Viewers", "Moderators"])
def test_who_may_not_configure_may_look_and_change_nothing(db: None, group: str) -> None:
    client = sign_in(group)
    board = define(slug="cup", span="season")
    before = read_definitions()
    assert "Make a board" not in read(client, LIST)
    assert client.get(page_of(board)).context["acts"] == {}
    for name in ("label", "disable", "enable", "make-season", "end-season"):
        assert client.post(act_on(board, name), {"label": "x"}).status_code == 403
    assert read_definitions() == before


def test_who_may_not_look_sees_nothing(client: Client, manager: Client, django_user_model: Any) -> None:
    board = define()
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    for address in (LIST, page_of(board)):
        assert client.get(address).status_code == 403
    assert Client().get(LIST).status_code == 302
    assert "Make a board" in read(manager, LIST)


def test_nobody_writes_rows_by_hand(manager: Client, admin_client: Client) -> None:
    board = define()
    before = read_definitions()
    for client in (manager, admin_client):
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}add/", {"slug": "x"}).status_code == 403
        assert client.post(page_of(board), {"label": "x"}).status_code == 403
        assert client.post(f"{LIST}{board.pk}/delete/", {"post": "yes"}).status_code == 403
    assert read_definitions() == before
