"""Compact JWS as they are stored: taken apart, verified, and read by whoever only wants to know what they say."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import jws
from audit.keys import read_jwk_set
from tests.support.acting import HEADER, ISSUER_KEY, sign
from tests.support.signature_vectors import RFC_8032, RFC_8037_JWS, RFC_8037_PAYLOAD, RFC_8037_PUBLIC, Ed25519Vector

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


@pytest.mark.parametrize("vector", RFC_8032, ids=lambda vector: vector.name)
def test_signatures_are_those_of_the_rfc(vector: Ed25519Vector) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector.secret))
    assert key.public_key().public_bytes_raw().hex() == vector.public
    assert key.sign(bytes.fromhex(vector.message)).hex() == vector.signature


def test_the_example_of_a_signed_text_verifies_by_the_key_of_the_example() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "example", "x": RFC_8037_PUBLIC}
    [key] = read_jwk_set({"keys": [jwk]}).public.values()
    jws.verify(RFC_8037_JWS, key)
    assert jws.split(RFC_8037_JWS).payload == RFC_8037_PAYLOAD.encode()
    with pytest.raises(InvalidSignature):
        jws.verify(RFC_8037_JWS.replace("RXhh", "RXhi"), key)
