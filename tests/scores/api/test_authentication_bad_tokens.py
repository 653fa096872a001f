"""An access token on its way in: every way for it to be none, and what is said of each."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client
from rest_framework_simplejwt.tokens import RefreshToken

from scores.api.authentication import issue
from scores.models import Action, Score
from tests.support.acting import make_receipt, read_problem, update

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}
KEY = settings.SIMPLE_JWT["SIGNING_KEY"]

pytestmark = pytest.mark.usefixtures("no_traceback")


def change(token: str, **changes: Any) -> str:
    """The same token with other claims, properly signed; `...` leaves a claim out."""
    claims = {**jwt.decode(token, options={"verify_signature": False}), **changes}
    kept = {name: value for name, value in claims.items() if value is not ...}
    return resign_raw(token, json.dumps(kept).encode())


def without_signature(token: str, algorithm: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def resign_raw(token: str, payload: bytes) -> str:
    """A payload PyJWT would not write, signed with our own key."""
    signed = f"{token.partition('.')[0]}.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}"
    mac = hmac.digest(KEY.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def bad_tokens(token: str, player: Score) -> dict[str, str]:
    """Everything that is not an access token of an existing player."""
    now = int(time.time())
    claims = jwt.decode(token, options={"verify_signature": False})
    payload = json.dumps(claims)
    none_spellings = {f"alg {name}": without_signature(token, name) for name in ("none", "None", "NONE", "nOnE")}
    missing = {f"no {name}": change(token, **{name: ...}) for name in claims}
    odd: dict[str, dict[str, Any]] = {
        "expired by 1 s": {"exp": now - 1},
        "expires now": {"exp": now},
        "exp text": {"exp": str(now + 60)},
        "exp 10^18": {"exp": 10**18},
        "exp float": {"exp": now + 60.5},
        "exp true": {"exp": True},
        "exp null": {"exp": None},
        "exp negative": {"exp": -1},
        "iat text": {"iat": "yesterday"},
        "iat in the future": {"iat": now + 3600},
        "iat list": {"iat": [now]},
        "nbf in the future": {"nbf": now + 3600},
        "nbf text": {"nbf": "soon"},
        "issuer": {"iss": "elsewhere"},
        "issuer list": {"iss": ["scoreboard"]},
        "audience": {"aud": "elsewhere"},
        "audience list": {"aud": ["scoreboard", "elsewhere"]},
        "audience number": {"aud": 5},
        "sub number": {"sub": 5},
        "sub null": {"sub": None},
        "sub list": {"sub": [str(player.pk)]},
        "sub upper": {"sub": str(player.pk).upper()},
        "sub braces": {"sub": f"{{{player.pk}}}"},
        "sub name": {"sub": "ada"},
        "sub unknown": {"sub": "00000000-0000-4000-8000-000000000000"},
        "jti number": {"jti": 5},
        "jti empty": {"jti": ""},
        "jti long": {"jti": "j" * 65},
        "type refresh": {"token_type": "refresh"},
        "type list": {"token_type": ["access"]},
        "stamp of another password": {"password_stamp": "0" * 32},
        "stamp number": {"password_stamp": 5},
        "stamp not ascii": {"password_stamp": "é" * 32},
    }
    raw = {
        "payload list": b"[]",
        "payload text": b'"text"',
        "payload not JSON": b"{",
        "payload not UTF-8": b"\xff\xfe",
        "payload deep": b"[" * 2000 + b"]" * 2000,
        "exp 1e309": payload.replace(str(claims["exp"]), "1e309").encode(),
        "exp NaN": payload.replace(str(claims["exp"]), "NaN").encode(),
        "exp of 5000 digits": payload.replace(str(claims["exp"]), "9" * 2900).encode(),
    }
    return {
        **none_spellings,
        **missing,
        **{name: change(token, **changes) for name, changes in odd.items()},
        **{name: resign_raw(token, data) for name, data in raw.items()},
        "other key": jwt.encode(claims, "x" * 64, "HS256"),
        "HS512": jwt.encode(claims, KEY, "HS512"),
        "embedded key": jwt.encode(claims, "x" * 64, "HS256", headers={"jwk": {"kty": "oct", "k": "eHh4"}}),
        "kid of a path": jwt.encode(claims, "x" * 64, "HS256", headers={"kid": "../../dev/null"}),
        "refresh": str(issue(player, RefreshToken)),
        "receipt": make_receipt(player),
        "8 KB": change(token, padding="x" * 6000),
        "too short": token[:-2],
        "two parts": token.rpartition(".")[0],
        "four parts": f"{token}.x",
        "dots": "..",
        "word": "x",
        "empty": "",
        "two tokens": f"{token},Bearer {token}",
        "two tokens with a space": f"{token} {token}",
        "padded": f"{token}=",
        "not ascii": "tökén",
        "percent": token.replace(".", "%2E"),
    }


BAD_TOKENS = (
    """
alg none;alg None;alg NONE;alg nOnE;no sub;no iss;no aud;no exp;no iat;no jti;no token_type;no password_stamp
expired by 1 s;expires now;exp text;exp 10^18;exp float;exp true;exp null;exp negative;iat text;iat in the future
iat list;nbf in the future;nbf text;issuer;issuer list;audience;audience list;audience number;sub number;sub null
sub list;sub upper;sub braces;sub name;sub unknown;jti number;jti empty;jti long;type refresh;type list
stamp of another password;stamp number;stamp not ascii;payload list;payload text;payload not JSON;payload not UTF-8
payload deep;exp 1e309;exp NaN;exp of 5000 digits;other key;HS512;embedded key;kid of a path;refresh;receipt;8 KB
too short;two parts;four parts;dots;word;empty;two tokens;two tokens with a space;padded;not ascii;percent
""".strip()
    .replace("\n", ";")
    .split(";")
)


def test_the_table_of_bad_tokens_is_tested_whole(player: Score, token: str) -> None:
    assert set(bad_tokens(token, player)) == set(BAD_TOKENS)


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_refused(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten, name: str
) -> None:
    with nothing_written():
        response = update(QUIZ, token=bad_tokens(token, player)[name], key="k")
    read_problem(response, 401, "token_invalid")
    assert response.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_clock_of_the_host_that_issued_a_token_may_be_ahead(claim: str, token: str, daily_quiz: Action) -> None:
    assert update(QUIZ, token=change(token, **{claim: int(time.time()) + 25}), key="k").status_code == 200


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("expired by 1 s", "exp"),
        ("exp float", "exp"),
        ("iat in the future", "iat"),
        ("nbf in the future", "nbf"),
        ("nbf text", "nbf"),
        ("issuer", "iss"),
        ("no iss", "iss"),
        ("audience", "aud"),
        ("no aud", "aud"),
        ("sub upper", "sub"),
        ("sub number", "sub"),
        ("jti number", "jti"),
        ("no password_stamp", "password_stamp"),
        ("type refresh", "token_type"),
        ("other key", "signature"),
        ("HS512", "alg"),
        ("payload not JSON", "shape"),
        ("word", "shape"),
        ("8 KB", "length"),
    ],
)
def test_the_log_names_what_failed(
    name: str, failed: str, player: Score, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    update(QUIZ, token=bad_tokens(token, player)[name], key="k")
    [said] = [record.getMessage() for record in caplog.records if record.name == "scores.outcomes"]
    assert f"with 401 token_invalid:{failed} " in said


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Token x", "Bearer", "bearer", "Bearer\tx", "x"])
def test_no_bearer_token_is_no_authentication(
    daily_quiz: Action, nothing_written: NothingWritten, header: str | None
) -> None:
    with nothing_written():
        response = update(QUIZ, key="k", headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    if header is None or not header.lower().startswith("bearer"):
        read_problem(response, 401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_in_the_query_or_the_body_is_none(
    token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    client = Client(raise_request_exception=False)
    with nothing_written():
        response = client.patch(f"/api/score/update?access_token={token}&token={token}", QUIZ, "application/json")
        read_problem(response, 401, "not_authenticated")


def test_the_scheme_is_read_in_any_case(token: str, daily_quiz: Action) -> None:
    assert update(QUIZ, key="k", headers={"Authorization": f"bEARER {token}"}).status_code == 200
