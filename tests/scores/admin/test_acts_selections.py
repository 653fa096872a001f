"""Several entries voided at once: what the preview named and left out, all or nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.admin.forms import write_numbers
from scores.board import standings
from scores.investigation import corrections
from scores.models import Score
from scores.players import ensure_player
from tests.support.desk_acting import WHY, address, confirm, read_board, read_log, read_messages

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def desk(client: Client, investigator: User) -> Client:
    client.force_login(investigator)
    return client


def test_a_selection_is_voided_across_players_and_the_board_becomes_what_was_shown(
    desk: Client, board: dict[str, Score]
) -> None:
    ids = AuditEntry.objects.filter(player__in=[board["Ada"].pk, board["Ben"].pk], seq__lte=2).values_list(
        "pk", flat=True
    )
    path = reverse("admin:scores_score_void_selection") + f"?entries={write_numbers(ids)}"
    rows = read_board(desk.get(path))
    assert [row[3:5] for row in rows] == [["Cleo", "10"], ["Ada", "10"], ["Ben", "0"]]
    response = confirm(desk, path)
    assert read_messages(response) == ["Done, as 4 entries of 2 players: -40 points."]
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
    ids = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
    path = reverse("admin:scores_score_void_selection") + f"?entries={write_numbers(ids)}"
    corrections.void(player=board["Cleo"].pk, seq=1, reason="seen", actor="system")
    with nothing_written():
        response = desk.post(path, {**WHY, "seen": "0"})
    assert read_messages(response) == ["Entry 1 of this player was reversed before."]
    assert len(read_board(response)) == 3


def test_a_selection_of_nothing_says_so(desk: Client, board: dict[str, Score], nothing_written: NothingWritten) -> None:
    path = reverse("admin:scores_score_void_selection") + "?entries=999999"
    with nothing_written():
        for response in (desk.get(path), desk.post(path, {**WHY, "seen": "0"})):
            assert "There are no such entries." in response.content.decode()


def test_ones_own_entries_are_left_out_of_a_selection(
    desk: Client, investigator: User, board: dict[str, Score]
) -> None:
    own = ensure_player(investigator)
    corrections.adjust(player=own.pk, delta=10, reason="a day's play", actor="system")
    ids = AuditEntry.objects.filter(player__in=[own.pk, board["Cleo"].pk]).values_list("pk", flat=True)
    path = reverse("admin:scores_score_void_selection") + f"?entries={write_numbers(ids)}"
    assert "Nobody corrects their own score." in desk.get(path).content.decode()
    confirm(desk, path)
    own.refresh_from_db()
    assert (own.points, read_log(board["Cleo"])[-1]) == (10, ("void", -10, 0))


@pytest.mark.parametrize("count", [1, 2])
def test_a_selection_in_the_list_is_bounded(
    desk: Client, board: dict[str, Score], monkeypatch: pytest.MonkeyPatch, nothing_written: NothingWritten, count: int
) -> None:
    monkeypatch.setattr("scores.admin.entries.MAXIMUM_ENTRIES", 1)
    form = {"action": "void_selection", "_selected_action": AuditEntry.objects.values_list("pk", flat=True)[:count]}
    with nothing_written():
        response = desk.post(reverse("admin:audit_auditentry_changelist"), form, follow=True)
    assert ("At most 1 entries are voided at once." in response.content.decode()) == (count == 2)
