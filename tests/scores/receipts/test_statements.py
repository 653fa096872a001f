"""One signature over many lines: which lines there are, what one of them proves, and what is no statement."""

from uuid import UUID

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from audit.times import SECOND_US
from scores.errors import StatementInvalid
from scores.receipts.statements import Line, StatedAward, examine_statement, hash_line, hash_statement, read_line
from tests.support.stated import make_call, make_line

pytestmark = pytest.mark.any_database

PLAYER = UUID("6f1d9c1e-4f0a-4b57-9a57-0d3f6c7c2b11")
JTI = "j" * 22


@pytest.mark.parametrize(
    ("text", "points", "value"),
    [
        (f"{JTI} {PLAYER} daily-quiz 1", 1, None),
        (f"{JTI} {PLAYER} daily-quiz 1000000", 1_000_000, None),
        (f"{JTI} {PLAYER} daily-quiz 5 0", 5, 0),
        (f"{JTI} {PLAYER} daily-quiz 5 -61234", 5, -61_234),
        (f"{JTI} {PLAYER} daily-quiz 5 9007199254740991", 5, 2**53 - 1),
    ],
)
def test_a_line_says_who_did_what_for_how_much(text: str, points: int, value: int | None) -> None:
    assert read_line(text) == Line(text, JTI, PLAYER, "daily-quiz", points, value)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ("0", "Must be JTI PLAYER ACTION POINTS"),
        ("1000001", "Points are from 1 to 1000000"),
        ("5 9007199254740992", "within 2\\^53 - 1"),
        ("5 -9007199254740992", "within 2\\^53 - 1"),
        ("5 00", "Must be JTI PLAYER ACTION POINTS"),
    ],
)
def test_a_line_out_of_bounds_is_refused_with_what_is_wrong(points: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_line(f"{JTI} {PLAYER} daily-quiz {points}")


def test_hashes_are_those_of_everybody_else() -> None:
    """FIPS 180-2, appendix B.1 (the hash of "abc"), in base64url (RFC 4648, section 5) and in hex."""
    assert hash_line("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
    assert hash_statement("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_each_line_of_a_statement_is_a_proof_of_its_own(settings: Settings) -> None:
    texts = [make_line(PLAYER, 5, jti=JTI), make_line(PLAYER, 501, action="bug-bounty", value=3)]
    call = make_call(texts, iat=1_000_000, exp=1_000_300)
    statement = examine_statement(call["statement"], [read_line(text) for text in texts])
    assert (statement.issuer.name, statement.sha256) == ("test-backend", hash_statement(call["statement"]))
    first, second = (StatedAward(statement, read_line(text)) for text in texts)
    assert (first.ref, first.action, first.points, first.value) == (f"r:test-backend:{JTI}", "daily-quiz", 5, None)
    assert (second.action, second.points, second.value) == ("bug-bounty", 501, 3)
    assert first.evidence == {"line": texts[0], "statement": statement.sha256}
    assert (first.overreach, second.overreach) == ("", "points_above_maximum")
    assert (first.is_for(PLAYER), first.is_for(UUID(int=1))) == (True, False)
    assert [first.find_fault(at * SECOND_US) for at in (1_000_000, 1_000_329, 1_000_330, 999_969)] == [
        "", "", "expiredsignature", "immaturesignature",
    ]  # fmt: skip
    entry = AuditEntry(player=PLAYER, action="daily-quiz", delta=5, value=None)
    assert (first.is_of(entry), second.is_of(entry)) == (True, False)
    entry.delta = 6
    assert not first.is_of(entry)


def test_a_statement_is_of_just_its_lines_in_their_order() -> None:
    texts = [make_line(PLAYER, 5), make_line(PLAYER, 6)]
    call = make_call(texts)
    lines = [read_line(text) for text in texts]
    for other in (lines[::-1], lines[:1], [*lines, lines[0]]):
        with pytest.raises(StatementInvalid) as refusal:
            examine_statement(call["statement"], other)
        assert refusal.value.reason == "lines"


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 200_000, f"{'a' * 140_000}.b.{'c' * 86}"])
def test_what_is_no_jws_is_none(text: str) -> None:
    with pytest.raises(StatementInvalid) as refusal:
        examine_statement(text, [])
    assert refusal.value.reason == "shape"
