"""Acts of the desk: the preview shows exactly what would happen and changes nothing; what was previewed is then done once."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores import corrections, standings
from scores.desk.forms import NumbersField, write_numbers
from scores.models import Action, Score
from scores.players import ensure_player
from tests.scores.acting import access_token, make_player, update

NothingWritten = Callable[[], AbstractContextManager[None]]
Callbacks = Callable[..., AbstractContextManager[list[object]]]
WHY = {"reason": "two at once on the recording"}


@pytest.fixture
def investigator(db: None) -> User:
    user = User.objects.create_user("grace", is_staff=True)
    wanted = ["correct_score", "view_score", "view_auditentry"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return user


@pytest.fixture
def desk(investigator: User) -> Client:
    """A browser with the investigator signed in."""
    client = Client()
    client.force_login(investigator)
    return client


@pytest.fixture
def board(db: None) -> dict[str, Score]:
    """Ada 30 points, Ben 20, Cleo 10: adjustments of 10 each, as entries 1, 2, 3 of a player."""
    players = {}
    for name, entries in {"Ada": 3, "Ben": 2, "Cleo": 1}.items():
        players[name] = make_player(name)
        for _ in range(entries):
            corrections.adjust(player=players[name].pk, delta=10, reason="a day's play", actor="system")
    return players


def address(score: Score, act: str, query: str = "") -> str:
    return reverse("admin:scores_score_act", args=[score.pk, act]) + query


def read_board(response: Any) -> list[list[str]]:
    """The rows of the preview: rank, name and points now, name and points after, how that one got there."""
    page = response.content.decode()
    assert response.status_code == 200, page[:200]
    table = re.search(r'<table class="act-board">.*?<tbody>(.*?)</tbody>', page, re.S)
    if table is None:
        return []
    rows = re.findall(r"<tr>(.*?)</tr>", table[1], re.S)
    return [[read_text(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)] for row in rows]


def read_text(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]*>", "", html).split()))


def read_hidden(response: Any) -> dict[str, str]:
    return {"seen": re.findall(r'name="seen" value="(\d+)"', response.content.decode())[0]}


def confirm(desk: Client, path: str, **changes: str) -> Any:
    """The act as an investigator does it: look at the preview, give the reason, send the form of the preview."""
    preview = desk.get(path)
    action = re.search(r'action="(.*?)" class="act-confirmation"', preview.content.decode())
    assert action is not None, read_text(preview.content.decode())
    target = path.partition("?")[0] + unescape(action[1])
    return desk.post(target, {**WHY, **read_hidden(preview), **changes}, follow=True)


def read_messages(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def read_log(score: Score) -> list[tuple[str, int, int]]:
    entries = AuditEntry.objects.filter(player=score.pk).order_by("seq")
    return [(entry.kind, entry.delta, entry.balance) for entry in entries]


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
    after = [f"{entry['name']}|{entry['score']}" for entry in standings.read_top()]
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
    assert read_messages(response) == ["Done, as entry 4 of this player: void -10, now 20 points."]


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
        ("void", "?entries=9", "Entry 9 of this player is no award or adjustment."),
        ("adjust", "?points=-31", "The balance would leave the range from 0 to 2^53 - 1."),
        ("adjust", "?points=0", "An adjustment is from 1 to 1000000 points, either way."),
        ("adjust", "?points=1000001", "Ensure this value is less than or equal to 1000000."),
        ("adjust", "?points=", "This field is required."),
        ("void", "?entries=x", "Write numbers of entries, such as 12, 14-18."),
        ("void", "?entries=1-201", "At most 200 entries at once."),
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


def test_an_act_that_is_none_and_a_player_who_is_none_are_not_found(desk: Client, board: dict[str, Score]) -> None:
    stranger = Score(name="Nobody")
    assert desk.get(address(board["Ada"], "erase")).status_code == 404
    assert desk.post(address(stranger, "freeze"), WHY).status_code == 404


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
    assert [[entry["name"], str(entry["score"])] for entry in standings.read_top()] == [row[3:5] for row in rows]


def test_what_cannot_be_voided_is_named_and_left_out_of_the_selection(desk: Client, board: dict[str, Score]) -> None:
    ada = board["Ada"]
    corrections.void(player=ada.pk, seq=2, reason="seen", actor="system")
    path = address(ada, "void", "?entries=1-4")
    page = desk.get(path).content.decode()
    assert "Entry 2 of this player was reversed before." in page
    assert "Entry 4 of this player is no award or adjustment." in page
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


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("7", [7]), (" 3 , 1-2,2 ", [1, 2, 3]), ("14–16", [14, 15, 16]), ("5-4", []), ("1-200", list(range(1, 201)))],
)
def test_numbers_are_read_and_written(text: str, numbers: list[int]) -> None:
    assert NumbersField().clean(text) == numbers
    assert NumbersField(required=False).clean(write_numbers(numbers) or "0") == (numbers or [0])


@pytest.mark.parametrize("count", [1, 2])
def test_a_selection_in_the_list_is_bounded(
    desk: Client, board: dict[str, Score], monkeypatch: pytest.MonkeyPatch, nothing_written: NothingWritten, count: int
) -> None:
    monkeypatch.setattr("scores.desk.entries.MAXIMUM_ENTRIES", 1)
    form = {"action": "void_selection", "_selected_action": AuditEntry.objects.values_list("pk", flat=True)[:count]}
    with nothing_written():
        response = desk.post(reverse("admin:audit_auditentry_changelist"), form, follow=True)
    assert ("At most 1 entries are voided at once." in response.content.decode()) == (count == 2)


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
