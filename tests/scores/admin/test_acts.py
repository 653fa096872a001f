"""Acts of the desk: the preview shows exactly what would happen and changes nothing; what was previewed is then done once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from audit.models import AuditEntry
from scores.board import standings
from scores.models import Action, Score
from scores.players import ensure_player
from tests.support.acting import access_token, update
from tests.support.desk_acting import WHY, address, confirm, read_board, read_hidden, read_log, read_messages, read_text

NothingWritten = Callable[[], AbstractContextManager[None]]
Callbacks = Callable[..., AbstractContextManager[list[object]]]


@pytest.fixture
def desk(investigator: User) -> Client:
    """A browser with the investigator signed in."""
    client = Client()
    client.force_login(investigator)
    return client


def test_a_preview_shows_the_board_after_the_act_and_changes_nothing(
    desk: Client,
    board: dict[str, Score],
    nothing_written: NothingWritten,
    django_capture_on_commit_callbacks: Callbacks,
) -> None:
    with nothing_written(), django_capture_on_commit_callbacks() as announcements:
        response = desk.get(address(board["Ada"], "void", "?entries=2-3"))
    assert read_board(response) == [
        ["1", "Ada", "30", "Ben", "20", "up from 2"],
        ["2", "Ben", "20", "Cleo", "10", "up from 3"],
        ["3", "Cleo", "10", "Ada", "10", "down from 1"],
    ]
    assert announcements == []


@pytest.mark.parametrize(
    ("act", "query", "rows"),
    [
        ("freeze", "", ["1|Ada|30|Ben|20|up from 2", "2|Ben|20|Cleo|10|up from 3", "3|Cleo|10|||"]),
        (
            "adjust",
            "?points=-15",
            ["1|Ada|30|Ben|20|up from 2", "2|Ben|20|Ada|15|down from 1", "3|Cleo|10|Cleo|10|"],
        ),
        ("adjust", "?points=5", ["1|Ada|30|Ada|35|", "2|Ben|20|Ben|20|", "3|Cleo|10|Cleo|10|"]),
    ],
)
def test_every_act_has_its_preview_and_the_board_becomes_what_it_showed(
    desk: Client, board: dict[str, Score], act: str, query: str, rows: list[str]
) -> None:
    path = address(board["Ada"], act, query)
    assert ["|".join(row) for row in read_board(desk.get(path))] == rows
    confirm(desk, path)
    after = [f"{row['name']}|{row['score']}" for row in standings.read_top()]
    assert after == [place for row in rows if (place := row.split("|", 3)[3].rpartition("|")[0]) != "|"]


def test_an_act_is_an_entry_with_the_reason_in_the_name_of_the_investigator(
    desk: Client, board: dict[str, Score], investigator: User
) -> None:
    response = confirm(desk, address(board["Ada"], "void", "?entries=1"))
    entry = AuditEntry.objects.get(player=board["Ada"].pk, seq=4)
    assert (entry.kind, entry.delta, entry.ref) == ("void", -10, f"v:{board['Ada'].pk}:1")
    assert entry.actor == str(ensure_player(investigator).pk)
    assert entry.context is not None
    assert entry.context["reason"] == WHY["reason"]
    [message] = read_messages(response)
    assert read_text(message) == ("Done, as entry 4 of this player: void -10, now 20 points. Ada 1st → 2nd; case file")


def test_void_restore_adjust_freeze_and_unfreeze_work_one_after_the_other(
    desk: Client, board: dict[str, Score]
) -> None:
    cleo = board["Cleo"]
    steps = {"void": "?entries=1", "restore": "?entries=1", "adjust": "?points=7", "freeze": "", "unfreeze": ""}
    for act, query in steps.items():
        confirm(desk, address(cleo, act, query))
    assert read_log(cleo) == [
        ("adjust", 10, 10),
        ("void", -10, 0),
        ("restore", 10, 10),
        ("adjust", 7, 17),
        ("freeze", 0, 17),
        ("unfreeze", 0, 17),
    ]


def test_an_adjustment_may_be_for_an_action(desk: Client, board: dict[str, Score], daily_quiz: Action) -> None:
    ada = board["Ada"]
    offered = desk.get(address(ada, "adjust")).content.decode()
    assert '<option value="daily-quiz">Daily quiz</option>' in offered
    confirm(desk, address(ada, "adjust", "?points=1000001&action=daily-quiz"))
    confirm(desk, address(ada, "adjust", "?points=2&action="))
    entries = AuditEntry.objects.filter(player=ada.pk, seq__gt=3).order_by("seq")
    assert list(entries.values_list("delta", "action")) == [(1_000_000, "daily-quiz"), (1, "daily-quiz"), (2, "")]


@pytest.mark.parametrize("slug", ["nothing-such", "%ED%A0%80", "x" * 2000])
def test_an_adjustment_for_no_action_that_there_is_is_not_offered(
    desk: Client, board: dict[str, Score], daily_quiz: Action, nothing_written: NothingWritten, slug: str
) -> None:
    path = address(board["Ada"], "adjust", f"?points=5&action={slug}")
    with nothing_written():
        responses = [desk.get(path), desk.post(path, {**WHY, "seen": "3"})]
    for response in responses:
        assert response.status_code == 200
        assert "is not one of the available choices" in response.content.decode()
        assert "act-confirmation" not in response.content.decode()


@pytest.mark.parametrize(("act", "query"), [("adjust", "?points=-5"), ("void", "?entries=1"), ("freeze", "")])
def test_a_form_sent_twice_acts_once(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten, act: str, query: str
) -> None:
    path = address(board["Ada"], act, query)
    form = {**WHY, **read_hidden(desk.get(path))}
    assert desk.post(path, form).status_code == 302
    with nothing_written():
        second = desk.post(path, form)
    assert second.status_code == 200
    assert read_messages(second)[-1] == (
        f"This player was corrected after your preview (entry 4: {act}). Nothing more was done; this is the new preview."
    )


def test_points_won_since_the_preview_do_not_keep_an_investigator_from_acting(
    desk: Client, board: dict[str, Score], daily_quiz: Action
) -> None:
    from_preview = read_hidden(desk.get(address(board["Ada"], "freeze")))
    assert update({"action": "daily-quiz"}, token=access_token(board["Ada"]), key="on").status_code == 200
    assert desk.post(address(board["Ada"], "freeze"), {**WHY, **from_preview}).status_code == 302
    assert read_log(board["Ada"])[-2:] == [("award", 10, 40), ("freeze", 0, 40)]


@pytest.mark.parametrize(
    "form", [{"reason": "  "}, {"reason": ""}, {"reason": "x" * 1001}, {"seen": ""}, {"seen": "x"}]
)
def test_without_a_reason_or_a_preview_nothing_is_done(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten, form: dict[str, str]
) -> None:
    path = address(board["Ada"], "freeze")
    with nothing_written():
        response = desk.post(path, {**WHY, "seen": "3", **form})
    assert len(read_board(response)) == 3


@pytest.mark.parametrize(
    ("act", "query", "sentence"),
    [
        ("unfreeze", "", "This player is not frozen."),
        ("restore", "?entries=1", "Entry 1 of this player is no void, and was not voided."),
        ("void", "?entries=9", "Entry 9 of this player is no award, adjustment or import."),
        ("adjust", "?points=0", "An adjustment is from 1 to 100000000 points, either way."),
        ("adjust", "?points=100000001", "An adjustment is from 1 to 100000000 points, either way."),
        ("adjust", "?points=", "This field is required."),
        ("void", "?entries=x", "Write numbers of entries, such as 12, 14-18."),
        ("void", "?entries=1-2001", "At most 2,000 entries at once."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_not_offered(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten, act: str, query: str, sentence: str
) -> None:
    path = address(board["Ada"], act, query)
    with nothing_written():
        shown = desk.get(path)
        sent = desk.post(path, {**WHY, "seen": "3"})
    for response in (shown, sent):
        assert response.status_code == 200
        assert sentence in unescape(response.content.decode())
        assert "act-confirmation" not in response.content.decode()


def test_taking_more_than_there_is_takes_what_is_there_and_says_so(desk: Client, board: dict[str, Score]) -> None:
    ada = board["Ada"]
    ada.refresh_from_db()
    path = address(ada, "adjust", "?points=-1500031")
    shown = " ".join(unescape(desk.get(path).content.decode()).split())
    assert "(1,500,001 more are not there to take)" in shown
    desk.post(path, {**WHY, "seen": str(ada.seq)})
    entries = list(AuditEntry.objects.filter(player=ada.pk, seq__gt=ada.seq).order_by("seq"))
    assert [(entry.kind, entry.delta, entry.balance) for entry in entries] == [("adjust", -30, 0), ("adjust", 0, 0)]
    assert [(entry.context or {})["left_out"] for entry in entries] == ["-999970", "-500031"]


def test_an_act_that_is_none_and_a_player_who_is_none_are_not_found(desk: Client, board: dict[str, Score]) -> None:
    stranger = Score(name="Nobody")
    assert desk.get(address(board["Ada"], "erase")).status_code == 404
    assert desk.post(address(stranger, "freeze"), WHY).status_code == 404


@pytest.mark.parametrize("act", ["void", "restore", "adjust", "freeze", "unfreeze"])
def test_nobody_is_offered_an_act_on_their_own_score(
    desk: Client, investigator: User, nothing_written: NothingWritten, act: str
) -> None:
    own = ensure_player(investigator)
    with nothing_written():
        for response in (desk.get(address(own, act)), desk.post(address(own, act), {**WHY, "seen": "0"})):
            assert response.status_code == 403
            assert "This is your own score." in response.content.decode()
            assert "act-confirmation" not in response.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_a_form_sent_twice_at_the_same_moment_acts_once(investigator: User, board: dict[str, Score]) -> None:
    ada = board["Ada"]
    ensure_player(investigator)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(investigator)
    path = address(ada, "adjust", "?points=5")
    form = {**WHY, **read_hidden(clients[0].get(path))}
    gate = threading.Barrier(2)

    def send(client: Client) -> int:
        gate.wait(30)
        try:
            return client.post(path, form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, clients)) == [200, 302]
    assert read_log(ada)[3:] == [("adjust", 5, 35)]


def test_a_form_from_another_site_does_nothing(
    investigator: User, board: dict[str, Score], nothing_written: NothingWritten
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(investigator)
    with nothing_written():
        assert client.post(address(board["Ada"], "freeze"), {**WHY, "seen": "3"}).status_code == 403


def test_a_chain_that_was_tampered_with_is_held_and_says_so(
    desk: Client, board: dict[str, Score], nothing_written: NothingWritten
) -> None:
    ada = board["Ada"]
    Score.objects.filter(pk=ada.pk).update(head="0" * 64)
    with nothing_written():
        shown = desk.get(address(ada, "freeze"))
        sent = desk.post(address(ada, "freeze"), {**WHY, "seen": "3"})
    for response in (shown, sent):
        assert response.status_code == 200
        assert "was changed behind the application's back" in unescape(response.content.decode())
