"""Receipts: every header and claim missing, extra, of a wrong type or value; keys that are not theirs; single use."""

import base64
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.keys import encode_base64url
from audit.models import Refusal
from audit.refusals import flush_refusals
from scores.models import Action, Score
from tests.support.acting import HEADER, ISSUER_KEY, make_claims, make_receipt, read_problem, sign, update

NothingWritten = Callable[[], AbstractContextManager[None]]
OTHER_KEY = Ed25519PrivateKey.generate()
PUBLIC = encode_base64url(ISSUER_KEY.public_key().public_bytes_raw())

pytestmark = pytest.mark.usefixtures("no_traceback", "daily_quiz")

HEADERS: dict[str, Any] = {
    "no alg": {"typ": "score-receipt+jwt", "kid": "test-1"},
    "no typ": {"alg": "EdDSA", "kid": "test-1"},
    "no kid": {"alg": "EdDSA", "typ": "score-receipt+jwt"},
    "alg none": {**HEADER, "alg": "none"},
    "alg HS256": {**HEADER, "alg": "HS256"},
    "alg Ed25519": {**HEADER, "alg": "Ed25519"},
    "alg in lower case": {**HEADER, "alg": "eddsa"},
    "alg list": {**HEADER, "alg": ["EdDSA"]},
    "alg null": {**HEADER, "alg": None},
    "typ JWT": {**HEADER, "typ": "JWT"},
    "typ in upper case": {**HEADER, "typ": "SCORE-RECEIPT+JWT"},
    "typ list": {**HEADER, "typ": ["score-receipt+jwt"]},
    "kid unknown": {**HEADER, "kid": "test-2"},
    "kid number": {**HEADER, "kid": 1},
    "kid list": {**HEADER, "kid": ["test-1"]},
    "kid object": {**HEADER, "kid": {"test-1": 1}},
    "kid null": {**HEADER, "kid": None},
    "kid path": {**HEADER, "kid": "../../test-1"},
    "b64": {**HEADER, "b64": False},
    "b64 and crit": {**HEADER, "b64": False, "crit": ["b64"]},
    "crit": {**HEADER, "crit": []},
    "jwk": {**HEADER, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC}},
    "jku": {**HEADER, "jku": "http://127.0.0.1/keys"},
    "x5u": {**HEADER, "x5u": "http://127.0.0.1/certificate"},
    "zip": {**HEADER, "zip": "DEF"},
    "cty": {**HEADER, "cty": "JWT"},
    "list": [HEADER],
    "text": '"EdDSA"',
    "not JSON": "{",
    "kid twice": '{"alg":"EdDSA","typ":"score-receipt+jwt","kid":"test-1","kid":"test-1"}',
    "deep": '{"alg":' * 300,
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_receipt_with_another_header_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, name: str
) -> None:
    with nothing_written():
        response = update({"receipt": sign(make_claims(player), HEADERS[name])}, token=token)
    read_problem(response, 422, "receipt_invalid")


def bad_claims() -> dict[str, dict[str, Any]]:
    """Changes to good claims that make them bad, whoever signs them."""
    now = int(time.time())
    missing = {f"no {claim}": {claim: ...} for claim in ("iss", "aud", "sub", "jti", "iat", "exp", "act", "pts")}
    wrong_type = {
        f"{claim} {value!r}": {claim: value}
        for claim in ("iss", "aud", "sub", "jti", "act")
        for value in (None, 5, True, ["daily-quiz"], {"a": 1})
    }
    wrong_number = {
        f"{claim} {value!r}": {claim: value}
        for claim in ("iat", "exp", "pts")
        for value in (None, "25", 25.0, True, [25], 2**63, -1, 10**18, 1e300)
    }
    return {
        **missing,
        **wrong_type,
        **wrong_number,
        "aud of several": {"aud": ["scoreboard", "elsewhere"]},
        "aud elsewhere": {"aud": "elsewhere"},
        "iss elsewhere": {"iss": "other-backend"},
        "iss empty": {"iss": ""},
        "jti short": {"jti": "j" * 21},
        "jti long": {"jti": "j" * 65},
        "jti with a space": {"jti": "j" * 21 + " "},
        "jti with a newline": {"jti": "j" * 22 + "\n"},
        "jti not ASCII": {"jti": "é" * 22},
        "pts zero": {"pts": 0},
        "pts above the issuer's maximum": {"pts": 101},
        "pts above every maximum": {"pts": 1_000_001},
        "extra claim": {"note": "x"},
        "nbf": {"nbf": now},
        "expired": {"iat": now - 300, "exp": now - 31},
        "from the future": {"iat": now + 40, "exp": now + 300},
        "life of 601 s": {"iat": now, "exp": now + 601},
        "no life": {"iat": now, "exp": now},
        "life backwards": {"iat": now + 20, "exp": now + 10},
    }


@pytest.mark.parametrize("name", bad_claims())
def test_a_receipt_with_other_claims_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, name: str
) -> None:
    with nothing_written():
        response = update({"receipt": make_receipt(player, **bad_claims()[name])}, token=token)
    read_problem(response, 422, "receipt_invalid")


@pytest.mark.parametrize(
    ("changes"),
    [
        {"iat": 25, "exp": 0},
        {"iat": -25, "exp": 5},
        {"iat": -600, "exp": 0},
        {"iat": 0, "exp": 600},
        {"pts": 1},
        {"pts": 100},
        {"jti": "j" * 22},
        {"jti": "-_" * 32},
    ],
    ids=str,
)
def test_a_receipt_at_the_edge_of_what_is_allowed_counts(player: Score, token: str, changes: dict[str, Any]) -> None:
    now = int(time.time())
    absolute = {name: now + value if name in {"iat", "exp"} else value for name, value in changes.items()}
    if absolute.get("exp", 1) <= absolute.get("iat", 0):
        absolute["exp"] = absolute["iat"] + 1
    response = update({"receipt": make_receipt(player, **absolute)}, token=token)
    assert (response.status_code, response.json()["verified"]) == (200, True)


PAYLOADS = {
    "list": "[]",
    "text": '"claims"',
    "number": "5",
    "not JSON": "{",
    "empty": " ",
    "deep": '{"iss":' * 300,
    "lone surrogate": '{"iss": "\\ud800"}',
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_receipt_over_no_claims_is_refused(token: str, nothing_written: NothingWritten, name: str) -> None:
    with nothing_written():
        read_problem(update({"receipt": sign(PAYLOADS[name])}, token=token), 422, "receipt_invalid")


@pytest.mark.parametrize("claim", ["jti", "pts"])
def test_a_receipt_that_says_a_claim_twice_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, claim: str
) -> None:
    claims = make_claims(player)
    twice = json.dumps(claims)[:-1] + f", {json.dumps(claim)}: {json.dumps(claims[claim])}}}"
    with nothing_written():
        read_problem(update({"receipt": sign(twice)}, token=token), 422, "receipt_invalid")


def shapes(receipt: str) -> dict[str, str]:
    """Other spellings and cuts of one good receipt; those that change the signature's text alone show its malleability."""
    header, payload, signature = receipt.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(signature[-1]) ^ 1]
    flipped = "B" if signature[0] == "A" else "A"
    standard = base64.b64encode(base64.urlsafe_b64decode(signature + "==")).decode()
    return {
        "trailing =": f"{receipt}=",
        "trailing ==": f"{receipt}==",
        "padded payload": f"{header}.{payload}=.{signature}",
        "trailing newline": f"{receipt}\n",
        "leading space": f" {receipt}",
        "inner space": f"{header}. {payload}.{signature}",
        "standard alphabet": f"{header}.{payload}.{standard}",
        "unused bits set": f"{header}.{payload}.{signature[:-1]}{last}",
        "signature flipped": f"{header}.{payload}.{flipped}{signature[1:]}",
        "signature cut": f"{header}.{payload}.{signature[:-1]}",
        "signature of zeros": f"{header}.{payload}.{'A' * 86}",
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{receipt}.{signature}",
        "detached": f"{header}..{signature}",
        "flattened JSON": json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "word": "x",
        "dots": "..",
        "not ASCII": receipt.replace("e", "е"),
        "bearer": f"Bearer {receipt}",
    }


@pytest.mark.parametrize("name", shapes(f"e.e.{'A' * 86}"))
def test_another_spelling_of_a_receipt_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, name: str
) -> None:
    with nothing_written():
        response = update({"receipt": shapes(make_receipt(player))[name]}, token=token)
    read_problem(response, 422, "receipt_invalid")


def test_another_spelling_of_a_used_receipt_does_not_count_again(
    player: Score, token: str, nothing_written: NothingWritten
) -> None:
    claims = make_claims(player)
    update({"receipt": sign(claims)}, token=token)
    with nothing_written():
        # The same claims, said in another order, are the same receipt.
        again = update({"receipt": sign(dict(reversed(claims.items())))}, token=token)
    assert again.json()["replayed"] is True


def test_a_receipt_signed_with_another_key_is_refused(
    player: Score, token: str, nothing_written: NothingWritten
) -> None:
    with nothing_written():
        forged = sign(make_claims(player), key=OTHER_KEY)
        read_problem(update({"receipt": forged}, token=token), 422, "receipt_invalid")


def test_a_forgery_under_a_used_id_is_a_forgery(player: Score, token: str, nothing_written: NothingWritten) -> None:
    claims = make_claims(player)
    update({"receipt": sign(claims)}, token=token)
    with nothing_written():
        forged = sign({**claims, "pts": 100}, key=OTHER_KEY)
        read_problem(update({"receipt": forged}, token=token), 422, "receipt_invalid")


def test_a_receipt_signed_with_hmac_under_the_public_key_is_refused(
    player: Score, token: str, nothing_written: NothingWritten
) -> None:
    headers = {"typ": HEADER["typ"], "kid": HEADER["kid"]}
    forged = jwt.encode(make_claims(player), PUBLIC, "HS256", headers=headers)
    with nothing_written():
        read_problem(update({"receipt": forged}, token=token), 422, "receipt_invalid")


def test_an_access_token_is_no_receipt(token: str, nothing_written: NothingWritten) -> None:
    with nothing_written():
        read_problem(update({"receipt": token}, token=token), 422, "receipt_invalid")


@pytest.mark.parametrize("subject", ["00000000-0000-4000-8000-000000000000", "UPPER", "ada", ""])
def test_a_receipt_for_another_player_is_refused(
    player: Score, token: str, nothing_written: NothingWritten, subject: str
) -> None:
    subject = str(player.pk).upper() if subject == "UPPER" else subject
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player, sub=subject)}, token=token), 403, "receipt_subject")


def test_an_issuer_grants_only_its_own_actions(player: Score, token: str, nothing_written: NothingWritten) -> None:
    Action.objects.create(slug="comment", label="Comment", points=1)
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player, act="comment")}, token=token), 422, "receipt_invalid")


def test_the_reason_stays_in_the_log(player: Score, token: str) -> None:
    update({"receipt": make_receipt(player, pts=101)}, token=token)
    update({"receipt": sign(make_claims(player), key=OTHER_KEY)}, token=token)
    update({"receipt": sign(make_claims(player), key=OTHER_KEY)}, token=token)
    flush_refusals()
    kept = Refusal.objects.filter(subject=str(player.pk)).order_by("reason").values_list("reason", "count")
    assert list(kept) == [("receipt_invalid:points_above_maximum", 1), ("receipt_invalid:signature", 2)]


def test_the_signature_is_that_of_rfc_8037() -> None:
    """RFC 8037, appendices A.1, A.4 and A.5, retyped."""
    seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    text = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(seed + "="))
    assert encode_base64url(key.public_key().public_bytes_raw()) == public
    assert sign("Example of Ed25519 signing", '{"alg":"EdDSA"}', key) == text
    verifier = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(public + "="))
    assert jwt.PyJWS().decode(text, verifier, algorithms=["EdDSA"]) == b"Example of Ed25519 signing"
