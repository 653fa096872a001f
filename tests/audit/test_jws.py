"""Compact JWS as they are stored: taken apart, verified, and read by whoever only wants to know what they say."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import jws
from audit.keys import read_jwk_set
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


#: RFC 8032, section 7.1, tests 1 and 2: seed, public key, message, signature.
SIGNED = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
#: RFC 8037, appendix A: the public key of A.2, and the signed text of A.4.
JWK_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
EXAMPLE = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


@pytest.mark.parametrize(("seed", "public", "message", "signature"), SIGNED)
def test_signatures_are_those_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature


def test_the_example_of_a_signed_text_verifies_by_the_key_of_the_example() -> None:
    [key] = read_jwk_set({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "example", "x": JWK_X}]}).public.values()
    jws.verify(EXAMPLE, key)
    assert jws.split(EXAMPLE).payload == b"Example of Ed25519 signing"
    with pytest.raises(InvalidSignature):
        jws.verify(EXAMPLE.replace("RXhh", "RXhi"), key)
