"""What a backend's call claims: attempts of players, whose issuers vouch for them, and what is left over."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import RequestFactory

from scores.api.award_parsing import MAXIMUM_LINE_LENGTH, Batch, read_batch
from scores.awards.rules import Attempt
from scores.errors import InvalidBody
from tests.support.acting import make_claims, make_receipt, sign
from tests.support.stated import make_call, make_line

pytestmark = pytest.mark.any_database

ADA, BEN = UUID(int=1), UUID(int=2)


def read(body: dict[str, object]) -> Batch:
    return read_batch(
        body, RequestFactory().post("/api/awards", REMOTE_ADDR="192.0.2.9", headers={"X-Request-ID": "r-1"})
    )


def test_each_line_is_an_attempt_of_its_player() -> None:
    batch = read(make_call([make_line(ADA), make_line(BEN), make_line(ADA)]))
    attempts = [item for item in batch.items if isinstance(item, Attempt)]
    assert [attempt.caller.player for attempt in attempts] == [ADA, BEN, ADA]
    assert {(attempt.caller.token_id, attempt.caller.password_stamp) for attempt in attempts} == {(None, None)}
    assert all(attempt.context == {"backend": "192.0.2.9", "request": "r-1"} for attempt in attempts)
    assert (batch.issuers, batch.has_forgeries) == ({"test-backend": 3}, False)


def test_receipts_that_nobody_signed_count_for_no_issuer() -> None:
    forged = sign(make_claims(ADA), key=Ed25519PrivateKey.generate())
    batch = read({"receipts": [make_receipt(ADA), forged, "x", make_receipt(BEN, pts=0)]})
    assert [isinstance(item, Attempt) for item in batch.items] == [True, False, False, False]
    # What is wrong with the last was signed all the same.
    assert (batch.issuers, batch.has_forgeries) == ({"test-backend": 2}, True)


def test_all_lines_at_fault_are_named_up_to_some() -> None:
    call = {**make_call([make_line(ADA)]), "awards": ["x"] * 30}
    with pytest.raises(InvalidBody) as refusal:
        read(call)
    assert [error["field"] for error in refusal.value.errors] == [f"awards.{number}" for number in range(20)]


def test_an_id_that_is_there_twice_is_named() -> None:
    lines = [make_line(ADA, jti="j" * 22), make_line(BEN), make_line(BEN, jti="j" * 22)]
    with pytest.raises(InvalidBody) as refusal:
        read(make_call(lines))
    assert refusal.value.errors == [{"field": "awards.2", "detail": "Its jti is there twice."}]


def test_the_longest_line_is_as_long_as_the_description_says() -> None:
    longest = make_line(ADA, 1_000_000, jti="j" * 64, action="a" * 64, value=-(2**53 - 1))
    assert len(longest) == MAXIMUM_LINE_LENGTH
    assert len(read(make_call([longest])).items) == 1
