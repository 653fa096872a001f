"""The door for backends: calls that are refused as a whole, with nothing written, and receipts that prove nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.models import AwardStatement, Refusal
from audit.refusals import REFUSALS
from scores.models import Score
from tests.support.acting import (
    make_claims,
    make_receipt,
    read_problem,
    sign,
)
from tests.support.stated import (
    STATEMENT_HEADER,
    make_call,
    make_line,
    make_statement_claims,
    read_results,
    send_awards,
)

NothingWritten = Callable[[], AbstractContextManager[None]]
OTHER_KEY = Ed25519PrivateKey.generate()

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_traceback")]


STATEMENT_CHANGES: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "no jws": lambda lines: {"statement": "x.y.z", "awards": lines},
    "signed by another key": lambda lines: make_call(lines, key=OTHER_KEY),
    "of an unknown key": lambda lines: make_call(lines, header={**STATEMENT_HEADER, "kid": "test-2"}),
    "with the type of a receipt": lambda lines: make_call(
        lines, header={**STATEMENT_HEADER, "typ": "score-receipt+jwt"}
    ),
    "without a type": lambda lines: make_call(lines, header={"alg": "EdDSA", "kid": "test-1"}),
    "with a header too many": lambda lines: make_call(lines, header={**STATEMENT_HEADER, "cty": "x"}),
    "in another algorithm": lambda lines: make_call(lines, header={**STATEMENT_HEADER, "alg": "none"}),
    "in another issuer's name": lambda lines: make_call(lines, iss="other-backend"),
    "for another audience": lambda lines: make_call(lines, aud="elsewhere"),
    "without an id": lambda lines: make_call(lines, jti=...),
    "with a short id": lambda lines: make_call(lines, jti="short"),
    "without a time": lambda lines: make_call(lines, iat=...),
    "with a fraction of a second": lambda lines: make_call(lines, iat=1.5),
    "with a truth for a time": lambda lines: make_call(lines, exp=True),
    "that lives too long": lambda lines: make_call(lines, exp=make_statement_claims(lines)["iat"] + 601),
    "that ends before it begins": lambda lines: make_call(lines, exp=make_statement_claims(lines)["iat"] - 1),
    "of tomorrow": lambda lines: make_call(lines, iat=4_000_000_000, exp=4_000_000_300),
    "with a claim too many": lambda lines: make_call(lines, sub="x"),
    "with lines that are no list": lambda lines: make_call(lines, lines="x"),
    "with a line that is no text": lambda lines: make_call(lines, lines=[1, 2]),
    "over another order": lambda lines: {**make_call(lines), "awards": lines[::-1]},
    "over fewer lines": lambda lines: {**make_call(lines[:1]), "awards": lines},
    "over more lines": lambda lines: {**make_call(lines), "awards": lines[:1]},
    "over another line": lambda lines: {**make_call(lines), "awards": [lines[0], f"{lines[1]}0"]},
    "with padded hashes": lambda lines: make_call(
        lines, lines=[f"{text}=" for text in make_statement_claims(lines)["lines"]]
    ),
}


@pytest.mark.parametrize("change", STATEMENT_CHANGES.values(), ids=STATEMENT_CHANGES.keys())
def test_a_statement_that_does_not_hold_credits_nobody(
    change: Callable[[list[str]], dict[str, Any]], ada: Score, ben: Score, nothing_written: NothingWritten
) -> None:
    call = change([make_line(ada, 5), make_line(ben, 5)])
    with nothing_written():
        read_problem(send_awards(call), 422, "statement_invalid")
    assert AwardStatement.objects.count() == 0


JTI, PLAYER = "j" * 22, "6f1d9c1e-4f0a-4b57-9a57-0d3f6c7c2b11"
BAD_LINES = [
    "",
    f"{JTI} {PLAYER} daily-quiz",
    f"{JTI} {PLAYER} daily-quiz 5 1 1",
    f"{JTI}  {PLAYER} daily-quiz 5",
    f" {JTI} {PLAYER} daily-quiz 5",
    f"{JTI} {PLAYER} daily-quiz 5 ",
    f"{JTI} {PLAYER} daily-quiz 5\n",
    f"{JTI}\t{PLAYER}\tdaily-quiz\t5",
    f"{'j' * 21} {PLAYER} daily-quiz 5",
    f"{'j' * 65} {PLAYER} daily-quiz 5",
    f"{'j' * 21}! {PLAYER} daily-quiz 5",
    f"{JTI} {PLAYER.upper()} daily-quiz 5",
    f"{JTI} {PLAYER.replace('-', '')} daily-quiz 5",
    f"{JTI} {{{PLAYER}}} daily-quiz 5",
    f"{JTI} {PLAYER} daily quiz 5",
    f"{JTI} {PLAYER} {'a' * 65} 5",
    f"{JTI} {PLAYER} d\u00e4ily 5",
    f"{JTI} {PLAYER} daily-quiz 0",
    f"{JTI} {PLAYER} daily-quiz -5",
    f"{JTI} {PLAYER} daily-quiz +5",
    f"{JTI} {PLAYER} daily-quiz 05",
    f"{JTI} {PLAYER} daily-quiz 5.0",
    f"{JTI} {PLAYER} daily-quiz 1e3",
    f"{JTI} {PLAYER} daily-quiz 1000001",
    f"{JTI} {PLAYER} daily-quiz 99999999999999999999",
    f"{JTI} {PLAYER} daily-quiz \u0665",
    f"{JTI} {PLAYER} daily-quiz 5 -0",
    f"{JTI} {PLAYER} daily-quiz 5 9007199254740992",
    f"{JTI} {PLAYER} daily-quiz 5 \u0000",
    5,
    None,
    [JTI],
]


@pytest.mark.parametrize("line", BAD_LINES, ids=repr)
def test_a_line_of_another_form_refuses_the_call(line: Any, ada: Score, nothing_written: NothingWritten) -> None:
    good = make_line(ada)
    call = {**make_call([good, str(line).replace("\u0000", "")]), "awards": [good, line]}
    with nothing_written():
        problem = read_problem(send_awards(call), 400, "invalid_body")
    if line != f"{JTI} {PLAYER} daily-quiz 5 \u0000":  # which no JSON of ours may hold
        assert [error["field"] for error in problem["errors"]] == ["awards.1"]


def test_an_envelope_of_another_form_is_refused(ada: Score, nothing_written: NothingWritten) -> None:
    line = make_line(ada)
    good, receipt = make_call([line]), make_receipt(ada)
    twice = make_claims(ada)
    bodies: list[Any] = [
        {},
        [],
        {"receipts": []},
        {"receipts": receipt},
        {"receipts": [1]},
        {"receipts": [receipt, None]},
        {"receipts": [""]},
        {"receipts": ["a" * 4097]},
        {"receipts": [receipt] * 2},
        {"receipts": [sign(twice), sign({**twice, "pts": 3})]},
        {"receipts": [make_receipt(ada) for _ in range(101)]},
        {"receipts": [receipt], "player": "x"},
        {"receipts": [receipt], **good},
        {"statement": good["statement"]},
        {"awards": good["awards"]},
        {**good, "awards": []},
        {**good, "awards": line},
        {**good, "awards": {"0": line}},
        {**good, "statement": None},
        {**good, "statement": 1},
        make_call([line, line]),
        make_call([line, make_line(ada, 3, jti=line.split()[0])]),
        make_call([make_line(ada) for _ in range(1001)]),
        {**good, "points": 5},
        b'{"receipts":["a"],"receipts":["b"]}',
        b"{",
        b"\xff",
        b"[" * 100_000,
    ]
    for body in bodies:
        with nothing_written():
            read_problem(send_awards(body), 400, "invalid_body")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
        with nothing_written():
            read_problem(send_awards(good, content_type=content_type), 415, "unsupported_media_type")


def test_receipts_that_prove_nothing_are_refused_each(ada: Score) -> None:
    receipts = [
        "x",
        make_receipt(ada, sub="nobody"),
        sign(make_claims(ada), key=OTHER_KEY),
        make_receipt(ada, iat=1_600_000_000, exp=1_600_000_300),
        make_receipt(ada, act="none"),
        make_receipt(ada, pts=0),
        make_receipt(ada),
    ]
    assert read_results(send_awards({"receipts": receipts})) == [
        (422, "receipt_invalid"),
        (422, "receipt_invalid"),
        (422, "receipt_invalid"),
        (422, "receipt_invalid"),
        (404, "unknown_action"),
        (422, "receipt_invalid"),
        (200, 25),
    ]
    REFUSALS.flush()
    kept = set(Refusal.objects.values_list("reason", "subject"))
    assert ("receipt_invalid:signature", "192.0.2.9") in kept
    assert ("receipt_invalid:expiredsignature", str(ada.pk)) in kept
