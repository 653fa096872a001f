"""U+0000, which PostgreSQL stores in no text: refused at every door with a sentence, before anything is looked up or written."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import AuditEntry
from scores.errors import CorrectionRefused
from scores.investigation import corrections, flags
from scores.models import Action, Score
from tests.support.acting import HEADER, PASSWORD, make_claims, make_receipt, read_problem, sign, update
from tests.support.foreign_tokens import make_token

NothingWritten = Callable[[], AbstractContextManager[None]]
NULL = "\0"
pytestmark = pytest.mark.usefixtures("no_traceback", "daily_quiz")


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "jti", "act"])
@pytest.mark.parametrize("form", ["{}\0", "\0{}", "\0"])
def test_a_receipt_with_it_in_a_claim_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, claim: str, form: str
) -> None:
    receipt = make_receipt(player, **{claim: form.format(make_claims(player)[claim])})
    with nothing_written():
        read_problem(update({"receipt": receipt}, token=token), 422, "receipt_invalid")


@pytest.mark.parametrize("claim", ["iat", "exp", "pts", NULL, "act\0"])
def test_a_receipt_with_it_elsewhere_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, claim: str
) -> None:
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player, **{claim: NULL})}, token=token), 422, "receipt_invalid")
        for header in ({**HEADER, "kid": "test-1\0"}, {**HEADER, "kid\0": "test-1"}):
            read_problem(update({"receipt": sign(make_claims(player), header)}, token=token), 422, "receipt_invalid")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("score/update", {"action": "daily-quiz\0"}),
        ("score/update", {"action": NULL}),
        ("score/update", {"receipt": "a.b\0"}),
        ("score/update", {"\0action": "daily-quiz"}),
        ("token", {"username": "ada\0", "password": PASSWORD}),
        ("token", {"username": "ada", "password": f"{PASSWORD}\0"}),
        ("token/refresh", {"refresh": "a.b.c\0"}),
        ("token/revoke", {"refresh": NULL}),
    ],
)
def test_a_body_with_it_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, path: str, body: dict[str, str]
) -> None:
    send = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"})
    method = send.patch if path == "score/update" else send.post
    with nothing_written():
        response = method(f"/api/{path}", data=json.dumps(body), content_type="application/json")
        read_problem(response, 400, "invalid_body")


def test_a_text_that_only_spells_the_escape_is_a_text(player: Score, token: str) -> None:
    read_problem(update(rb'{"action": "a\\u0000"}', token=token, key="k"), 404, "unknown_action")


@pytest.mark.parametrize(("text", "shown"), [("a\0b", "a b"), (NULL, "Player "), ("\ud800", "Player ")])
def test_a_token_of_elsewhere_brings_none_into_the_log(signed_elsewhere: None, text: str, shown: str) -> None:
    answer = update({"action": "daily-quiz"}, token=make_token(jti=text, name=text), key="one").json()
    assert answer["player"]["name"].startswith(shown)
    assert (AuditEntry.objects.get().context or {})["token"] == ""


class TestPages:
    LISTS = (
        "scores/score",
        "scores/action",
        "scores/flag",
        "audit/auditentry",
        "audit/refusal",
        "audit/checkpoint",
        "auth/user",
    )
    PARAMETERS = (
        "q",
        "player",
        "p",
        "o",
        "before",
        "after",
        "e",
        "place",
        "address",
        "issuer",
        "action",
        "is_active__exact",
        "a\0",
    )

    @pytest.fixture
    def desk(self, db: None) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.create_superuser("root", password=PASSWORD))
        return client

    @pytest.mark.parametrize("name", LISTS)
    def test_no_search_and_no_filter_takes_it(self, desk: Client, name: str) -> None:
        asked = [desk.get(f"/admin/{name}/", {parameter: "x\0"}).status_code for parameter in self.PARAMETERS]
        assert asked == [400] * len(self.PARAMETERS)

    @pytest.mark.parametrize(
        "path", ["/admin/scores/action/%00/change/", "/admin/scores/score/%00/player/", "/%00", "/api/%00"]
    )
    def test_nothing_is_called_so(self, desk: Client, path: str) -> None:
        response = desk.get(path)
        assert response.status_code == 404
        if path.startswith("/api"):
            read_problem(response, 404, "not_found")

    def test_no_query_has_it(self, desk: Client) -> None:
        assert desk.get("/board?theme=%00").status_code == 400
        read_problem(desk.get("/api/score/top?x=%00"), 400, "bad_request")

    def test_no_form_takes_it(self, desk: Client, player: Score, nothing_written: NothingWritten) -> None:
        before = list(Action.objects.values())
        with nothing_written():
            for path, form in (
                ("scores/action/", {"action": "delete_selected", "_selected_action": NULL}),
                ("scores/action/add/", {"slug": "new", "label": NULL, "points": "5"}),
                (f"scores/score/{player.pk}/act/adjust/", {"points": "5", "reason": "a\0b"}),
                ("login/", {"username": NULL, "password": "x"}),
            ):
                assert desk.post(f"/admin/{path}", form).status_code == 400
        assert list(Action.objects.values()) == before

    def test_no_cookie_brings_it_to_the_sessions(self, desk: Client) -> None:
        desk.cookies.clear()
        response = desk.get("/admin/", headers={"Cookie": r'sessionid="\000\000abc"'})
        assert response.status_code == 400


@pytest.mark.parametrize("text", ["a\0b", "\udcff"])
@pytest.mark.parametrize(
    "words",
    [
        ("freeze", "PLAYER", "--reason", "TEXT"),
        ("adjust", "PLAYER", "5", "--reason", "TEXT"),
        ("freeze", "PLAYER", "--reason", "x", "--actor", "TEXT"),
        ("erase_player", "PLAYER", "--reason", "TEXT"),
        ("rebuild_scores", "--accept-identity", "PLAYER", "--reason", "TEXT"),
        ("make_action", "TEXT", "--points", "5"),
        ("make_action", "new", "--points", "5", "--label", "TEXT"),
    ],
)
def test_no_command_takes_it(player: Score, nothing_written: NothingWritten, words: tuple[str, ...], text: str) -> None:
    before = list(Action.objects.values())
    given = {"PLAYER": str(player.pk), "TEXT": text}
    with nothing_written(), pytest.raises(CommandError):
        call_command(*(given.get(word, word) for word in words))
    assert list(Action.objects.values()) == before


def test_no_note_and_no_reason_takes_it(player: Score, nothing_written: NothingWritten) -> None:
    acts: list[Callable[[], Any]] = [
        lambda: corrections.freeze(player=player.pk, reason=NULL, actor="system"),
        lambda: flags.confirm(flag=1, actor=str(player.pk), note=NULL),
        lambda: flags.dismiss(flag=1, actor=str(player.pk), note=NULL),
    ]
    for act in acts:
        with nothing_written(), pytest.raises(CorrectionRefused, match="U\\+0000"):
            act()
