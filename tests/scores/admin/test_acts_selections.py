"""Several entries voided at once: what the preview named and left out, all or nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from scores.board import standings
from scores.investigation import corrections
from scores.models import Score
from scores.players import ensure_player
from tests.support.desk_acting import (
    WHY,
    address,
    confirm,
    read_board,
    read_hidden,
    read_log,
    read_messages,
    read_text,
)

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def desk(client: Client, investigator: User) -> Client:
    client.force_login(investigator)
    return client


def make_address(entries: str) -> str:
    return f"{reverse('admin:scores_score_void_selection')}?{urlencode({'entries': entries})}"


def test_a_selection_is_voided_across_players_and_the_board_becomes_what_was_shown(
    desk: Client, board: dict[str, Score]
) -> None:
    path = make_address("Ada#1-2; Ben#1, 2")
    rows = read_board(desk.get(path))
    assert [row[3:5] for row in rows] == [["Cleo", "10"], ["Ada", "10"], ["Ben", "0"]]
    response = confirm(desk, path)
    [message] = read_messages(response)
    assert read_text(message) == "4 entries of 2 players voided, -40 points, Ada 1st → 2nd, Ben 2nd → 3rd"
    assert [[board_row["name"], str(board_row["score"])] for board_row in standings.read_top()] == [
        row[3:5] for row in rows
    ]


def test_what_cannot_be_voided_is_named_and_left_out_of_the_selection(desk: Client, board: dict[str, Score]) -> None:
    ada = board["Ada"]
    corrections.void(player=ada.pk, seq=2, reason="seen", actor="system")
    path = address(ada, "void", "?entries=1-4")
    page = desk.get(path).content.decode()
    assert "Entry 2 of this player was reversed before." in page
    assert "Entry 4 of this player is no award, adjustment or import." in page
    confirm(desk, path)
    assert read_log(ada)[4:] == [("void", -10, 10), ("void", -10, 0)]


def test_a_selection_that_is_refused_in_part_by_now_is_not_voided_at_all(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten
) -> None:
    path = make_address("Ada#1-3; Ben#1-2; Cleo#1")
    corrections.void(player=board["Cleo"].pk, seq=1, reason="seen", actor="system")
    with nothing_written():
        response = desk.post(path, {**WHY, "seen": "0"})
    assert read_messages(response) == ["Entry 1 of this player was reversed before."]
    assert len(read_board(response)) == 3


def test_a_selection_of_nothing_says_so(desk: Client, board: dict[str, Score], nothing_written: NothingWritten) -> None:
    path = make_address("Ada#999999")
    with nothing_written():
        for response in (desk.get(path), desk.post(path, {**WHY, "seen": "0"})):
            assert "There are no such entries." in response.content.decode()


def test_ones_own_entries_are_left_out_of_a_selection(
    desk: Client, investigator: User, board: dict[str, Score]
) -> None:
    own = ensure_player(investigator)
    corrections.adjust(player=own.pk, delta=10, reason="a day's play", actor="system")
    path = make_address(f"{own.pk}:1;Cleo#1")
    assert "Nobody corrects their own score." in desk.get(path).content.decode()
    confirm(desk, path)
    own.refresh_from_db()
    assert (own.points, read_log(board["Cleo"])[-1]) == (10, ("void", -10, 0))


@pytest.mark.parametrize("text", ["140", "1-3"])
def test_a_number_that_does_not_say_whose_it_is_previews_nothing(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten, text: str
) -> None:
    path = make_address(text)
    with nothing_written():
        for response in (desk.get(path), desk.post(path, {**WHY, "seen": "0"})):
            page = response.content.decode()
            assert "Write entries as NAME#NUMBER, such as Greta#12, 14-18; Ada#3." in page
            assert "act-confirmation" not in page


def test_an_act_leads_back_to_where_it_began_and_nowhere_else(desk: Client, board: dict[str, Score]) -> None:
    listed = f"{reverse('admin:audit_auditentry_changelist')}?player={board['Ada'].pk}"
    for number, (back, begin) in enumerate(
        [
            (listed, listed),
            ("https://elsewhere.example/admin/", reverse("admin:audit_auditentry_changelist")),
            ("//elsewhere.example/admin/", reverse("admin:audit_auditentry_changelist")),
            ("/logout", reverse("admin:audit_auditentry_changelist")),
        ],
        start=1,
    ):
        path = f"{make_address(f'Ada#{number}' if number < 4 else 'Cleo#1')}&{urlencode({'back': back})}"
        assert f'<a class="button second" href="{escape(begin)}">Cancel</a>' in desk.get(path).content.decode()
        assert confirm(desk, path).redirect_chain[0] == (begin, 302)


def test_the_preview_says_where_the_player_lands_and_warns_while_still_in_the_top_10(
    desk: Client, board: dict[str, Score]
) -> None:
    page = read_text(desk.get(make_address("Ada#1-2")).content.decode())
    assert "Ada: 30 points → 10, 1st → 3rd" in page
    assert "Still in the top 10: Ada would be 3rd, with 10 points. Void everything of this player" in page
    assert "Void the 2 entries, -20" in page
    assert "Still in the top 10" not in read_text(desk.get(address(board["Ada"], "freeze")).content.decode())


def test_a_selection_that_no_address_can_hold_is_sent_along(
    desk: Client, board: dict[str, Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scores.admin.acts.MAXIMUM_ADDRESS", 10)
    path = make_address("Ada#1-3; Ben#2")
    hidden = read_hidden(desk.get(path))
    assert sorted(hidden["entries"].split(";")) == sorted([f"{board['Ada'].pk}:1-3", f"{board['Ben'].pk}:2"])
    confirm(desk, path)
    assert [read_log(board[name])[-1] for name in ("Ada", "Ben")] == [("void", -10, 0), ("void", -10, 10)]


def test_many_entries_are_voided_in_as_many_queries_as_few(desk: Client, board: dict[str, Score]) -> None:
    ada, ben = board["Ada"], board["Ben"]
    confirm(desk, make_address("Cleo#1"))  # makes a player of the investigator
    for _ in range(60):
        corrections.adjust(player=ben.pk, delta=10, reason="a day's play", actor="system")
    counts = []
    for path in (make_address("Ada#1-2"), make_address("Ben#1-62")):
        with CaptureQueriesContext(connection) as queries:
            confirm(desk, path)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert (read_log(ada)[-1], read_log(ben)[-1]) == (("void", -10, 10), ("void", -10, 0))


@pytest.mark.parametrize(
    "query",
    [
        "flag=99999999999999999999999",
        "flag=%00",
        "entries=%00%231",
        "entries=%ED%A0%80%231",
        "matching=q%3D%2500",
        "matching=%ED%A0%80",
        f"entries={'%23' * 3000}",
        "entries=Ada%23999999999999999999",
        "back=%00&entries=Ada%231",
        "matching=before%3D9.9&entries=Ada%231",
    ],
)
def test_no_address_is_a_fault_of_the_server(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten, query: str
) -> None:
    path = f"{reverse('admin:scores_score_void_selection')}?{query}"
    with nothing_written():
        assert desk.get(path).status_code in {200, 400, 404}
        assert desk.post(path, {"seen": "0", "entries": "\x00#1"}).status_code in {200, 400, 404}
