"""The door for backends: what counts, once, and in which order; what is refused alone."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django import Settings

from audit.models import AuditEntry, AwardStatement, Refusal
from audit.refusals import REFUSALS
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support.acting import (
    access_token,
    change_actions,
    make_claims,
    make_player,
    make_receipt,
    read_problem,
    sign,
    update,
)
from tests.support.chains import check_chain
from tests.support.stated import (
    make_call,
    make_line,
    read_results,
    send_awards,
)

NothingWritten = Callable[[], AbstractContextManager[None]]
OTHER_KEY = Ed25519PrivateKey.generate()

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_traceback")]


def test_a_statement_credits_each_of_its_lines(ada: Score, ben: Score) -> None:
    lines = [make_line(ada, 25), make_line(ben, 7), make_line(ada, 5)]
    call = make_call(lines)
    response = send_awards(call)
    assert read_results(response) == [(200, 25), (200, 7), (200, 30)]
    body = json.loads(response.content)
    assert body["results"][2]["player"] == {"id": str(ada.pk), "name": "Ada"}
    newest = AuditEntry.objects.get(player=ada.pk, seq=2)
    assert body["results"][2]["entry"] == {"seq": 2, "mac": newest.mac}
    [kept] = AwardStatement.objects.all()
    assert kept.jws == call["statement"]
    assert (newest.kind, newest.delta, newest.action, newest.actor) == ("award", 5, "daily-quiz", str(ada.pk))
    assert newest.ref == f"r:test-backend:{lines[2].split()[0]}"
    context = dict(newest.context or {})
    context.pop("salt")
    assert context == {
        "line": lines[2],
        "statement": kept.sha256,
        "backend": "192.0.2.9",
        "request": response.headers["X-Request-ID"],
    }
    check_chain(ada)
    check_chain(ben)


def test_a_call_may_be_repeated_for_ever(ada: Score, ben: Score) -> None:
    lines = [make_line(ada), make_line(ben)]
    call = make_call(lines)
    first = json.loads(send_awards(call).content)
    again = json.loads(send_awards(call).content)
    assert [item["replayed"] for item in again["results"]] == [True, True]
    for item in (*first["results"], *again["results"]):
        item.pop("replayed")
    assert first["results"] == again["results"]
    # Signed anew, in parts and with others, each line still counts once.
    other = make_line(ben, 3)
    assert read_results(send_awards(make_call([lines[1], other]))) == [(200, 25), (200, 28)]
    assert (AuditEntry.objects.filter(kind="award").count(), AwardStatement.objects.count()) == (3, 2)


def test_receipts_are_credited_together(ada: Score, ben: Score) -> None:
    receipts = [make_receipt(ada), make_receipt(ben), make_receipt(ada, pts=5)]
    assert read_results(send_awards({"receipts": receipts})) == [(200, 25), (200, 25), (200, 30)]
    assert read_results(send_awards({"receipts": receipts})) == [(200, 25), (200, 25), (200, 30)]
    entry = AuditEntry.objects.get(player=ben.pk)
    assert (entry.context or {})["receipt"] == receipts[1]
    assert AwardStatement.objects.count() == 0


def test_both_doors_answer_alike(ada: Score) -> None:
    """A receipt that came by PATCH is known here, a line that came here is known there; other content under its id is not."""
    claims = make_claims(ada)
    first = json.loads(update({"receipt": sign(claims)}, token=access_token(ada)).content)
    [item] = json.loads(send_awards({"receipts": [sign(claims)]}).content)["results"]
    assert item == {
        "status": 200,
        **{name: first[name] for name in ("player", "delta", "score", "entry")},
        "replayed": True,
    }
    line = make_line(ada, 25, jti=claims["jti"])
    assert read_results(send_awards(make_call([line]))) == [(200, 25)]
    assert read_results(send_awards(make_call([make_line(ada, 26, jti=claims["jti"])]))) == [(409, "receipt_used")]
    stated = make_line(ada, 5)
    send_awards(make_call([stated]))
    same = make_receipt(ada, jti=stated.split()[0], pts=5)
    answer = json.loads(update({"receipt": same}, token=access_token(ada)).content)
    assert (answer["replayed"], answer["delta"], answer["score"]) == (True, 5, 30)
    other = make_receipt(ada, jti=stated.split()[0], pts=6)
    read_problem(update({"receipt": other}, token=access_token(ada)), 409, "receipt_used")
    assert AuditEntry.objects.filter(kind="award").count() == 2


def test_what_is_refused_holds_up_no_other(ada: Score, ben: Score) -> None:
    frozen, stranger = make_player("Cleo"), uuid4()
    corrections.freeze(player=frozen.pk, reason="test", actor="system")
    closed = make_player("Dan")
    closed.user.is_active = False
    closed.user.save()
    Action.objects.create(slug="bug-bounty", label="Bug bounty", points=100, enabled=False)
    lines = [
        make_line(ada),
        make_line(frozen),
        make_line(stranger),
        make_line(closed),
        make_line(ben, action="bug-bounty"),
        make_line(ben, action="none"),
        make_line(ben, 101),
        make_line(ben, value=3),
        make_line(ben, 9),
    ]
    assert read_results(send_awards(make_call(lines))) == [
        (200, 25),
        (403, "player_frozen"),
        (404, "unknown_player"),
        (404, "unknown_player"),
        (404, "unknown_action"),
        (404, "unknown_action"),
        (422, "receipt_invalid"),
        (422, "receipt_invalid"),
        (200, 9),
    ]
    REFUSALS.flush()
    kept = set(Refusal.objects.values_list("reason", "subject", "count"))
    assert kept == {
        ("player_frozen", str(frozen.pk), 1),
        ("receipt_invalid:points_above_maximum", str(ben.pk), 1),
        ("receipt_invalid:value", str(ben.pk), 1),
    }


def test_pace_holds_within_a_call(ada: Score, ben: Score) -> None:
    change_actions(cooldown_seconds=60)
    lines = [make_line(ada), make_line(ada), make_line(ben)]
    assert read_results(send_awards(make_call(lines))) == [(200, 25), (429, "cooldown"), (200, 25)]
    change_actions(cooldown_seconds=0, daily_cap=3)
    lines = [make_line(ada), make_line(ada), make_line(ada)]
    assert read_results(send_awards(make_call(lines))) == [(200, 50), (200, 75), (429, "daily_cap")]


@pytest.mark.postgresql
def test_a_thousand_lines_of_one_player_apply_in_their_order(ada: Score) -> None:
    _apply_in_order(ada, 1000)


def test_many_lines_of_one_player_apply_in_their_order(ada: Score) -> None:
    """In more than one transaction of the embedded database."""
    _apply_in_order(ada, 120)


def _apply_in_order(player: Score, count: int) -> None:
    call = make_call([make_line(player, 1 + number % 100) for number in range(count)])
    results, balance = read_results(send_awards(call)), 0
    for number, result in enumerate(results):
        balance += 1 + number % 100
        assert result == (200, balance)
    check_chain(player)
    assert [item["replayed"] for item in json.loads(send_awards(call).content)["results"]] == [True] * count


def test_an_expired_statement_is_refused_and_still_answers_for_what_it_did(ada: Score, ben: Score) -> None:
    lines = [make_line(ada), make_line(ben)]
    old = {"iat": 1_600_000_000, "exp": 1_600_000_300}
    read_problem(send_awards(make_call(lines, **old)), 422, "statement_invalid")
    assert AuditEntry.objects.count() == 0
    send_awards(make_call(lines[:1]))
    assert read_results(send_awards(make_call(lines, **old))) == [(200, 25), (422, "receipt_invalid")]


def test_an_issuers_awards_are_limited(ada: Score, settings: Settings, nothing_written: NothingWritten) -> None:
    settings.ISSUER_RATE = "3/d"
    response = send_awards(make_call([make_line(ada), make_line(ada)]))
    assert read_results(response) == [(200, 25), (200, 50)]
    assert response.headers["RateLimit-Policy"] == '"issuer";q=3;w=86400'
    assert response.headers["RateLimit"].startswith('"issuer";r=1;')
    with nothing_written():
        read_problem(send_awards({"receipts": [make_receipt(ada), make_receipt(ada)]}), 429, "rate_limited")


def test_who_forges_spends_nobodys_limit_but_their_own(ada: Score, settings: Settings) -> None:
    settings.READ_RATE, settings.ISSUER_RATE = "2/d", "1/d"
    forged = make_call([make_line(ada)], key=OTHER_KEY)
    for _ in range(2):
        read_problem(send_awards(forged), 422, "statement_invalid")
    read_problem(send_awards(forged), 429, "rate_limited")
    assert read_results(send_awards(make_call([make_line(ada)]), address="192.0.2.10")) == [(200, 25)]


def test_an_erased_person_leaves_the_others_provable(ada: Score, ben: Score) -> None:
    send_awards(make_call([make_line(ada), make_line(ben)]))
    corrections.erase_player(player=ada.pk, reason="asked for", actor="system")
    [kept] = AwardStatement.objects.all()
    assert str(ada.pk) not in kept.jws
    assert AuditEntry.objects.get(player=ada.pk, kind="award").context is None
    assert (AuditEntry.objects.get(player=ben.pk).context or {})["statement"] == kept.sha256
