"""Compact JWS as they are stored: taken apart, verified, and read by whoever only wants to know what they say."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import jws
from tests.support.acting import HEADER, ISSUER_KEY, sign

TEXT = sign({"pts": 5})


def test_a_jws_is_taken_apart_and_verified() -> None:
    assert jws.split(TEXT)[1] == b'{"pts": 5}'
    assert jws.read_unverified(TEXT) == (HEADER, {"pts": 5})
    jws.verify(TEXT, ISSUER_KEY.public_key())


def test_the_signature_covers_header_and_payload() -> None:
    header, payload, signature = TEXT.split(".")
    other = sign({"pts": 6}).split(".")[1]
    for text in (f"{header}.{other}.{signature}", f"{payload}.{payload}.{signature}"):
        with pytest.raises(InvalidSignature):
            jws.verify(text, ISSUER_KEY.public_key())
    with pytest.raises(InvalidSignature):
        jws.verify(TEXT, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize("text", ["", "no", "a.b", f"{TEXT}.x", TEXT.replace(".", ".=")])
def test_what_is_no_jws_says_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        jws.split(text)
    assert jws.read_unverified(text).payload is None


def test_each_part_is_read_for_itself() -> None:
    assert jws.read_unverified(sign("no JSON")) == (HEADER, None)
    assert jws.read_unverified(sign({"pts": 5}, '{"kid": 1, "kid": 2}')) == (None, {"pts": 5})
