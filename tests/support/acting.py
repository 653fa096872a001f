"""What players and backends do in these tests: act with a token, sign receipts; and how a refusal must look."""

import functools
import itertools
import json
import os
import time
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from audit.keys import decode_base64url, encode_base64url
from audit.models import AuditEntry
from scores.api.authentication import issue
from scores.models import Action, Score, SpentRefreshToken
from scores.names import name_key

UPDATE = "/api/score/update"
PASSWORD = "a long enough password"
ISSUER_KEY = Ed25519PrivateKey.from_private_bytes(decode_base64url(os.environ["TEST_ISSUER_SEED"]))
HEADER = {"alg": "EdDSA", "typ": "score-receipt+jwt", "kid": "test-1"}
#: How many different hashes of PASSWORD there are: one that a server is to check takes a third of a second to make.
SALTS = 4
_players_made = itertools.count()


def make_player(name: str = "Ada") -> Score:
    """A player without points, who can sign in with PASSWORD."""
    hashed = _hash_password(get_hasher().algorithm, next(_players_made) % SALTS)
    user = User.objects.create(username=User.normalize_username(name.casefold()), password=hashed)
    return Score.objects.create(user=user, name=name, name_key=name_key(name))


@functools.cache
def _hash_password(algorithm: str, number: int) -> str:
    """By the hasher that is set now, which `algorithm` names."""
    return make_password(PASSWORD)


def change_actions(**terms: Any) -> None:
    """Set terms of every action there is, as the application would: sealed."""
    for action in Action.objects.all():
        for name, value in terms.items():
            setattr(action, name, value)
        action.save()


def access_token(score: Score) -> str:
    return str(issue(score, AccessToken))


def make_claims(player: Score | UUID, **changes: Any) -> dict[str, Any]:
    """The claims of a good receipt, with changes; a change to `...` leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": "test-backend",
        "aud": "scoreboard",
        "sub": str(getattr(player, "pk", player)),
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 300,
        "act": "daily-quiz",
        "pts": 25,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def sign(claims: Any, header: Any = HEADER, key: Ed25519PrivateKey = ISSUER_KEY) -> str:
    """A compact JWS over exactly these; text is signed as it stands."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(encode_base64url(part.encode("utf-8", "surrogatepass")) for part in parts)
    return f"{signed}.{encode_base64url(key.sign(signed.encode()))}"


def make_receipt(player: Score | UUID, **changes: Any) -> str:
    return sign(make_claims(player, **changes))


def update(
    body: Any,
    *,
    token: str | None = None,
    key: str | None = None,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
    address: str = "192.0.2.1",
) -> Any:
    """One PATCH; bytes are sent as they stand."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if key is not None:
        sent["Idempotency-Key"] = key
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    # A fault is to be seen as its client sees it: as an answer.
    client = Client(raise_request_exception=False)
    return client.patch(UPDATE, data=data, content_type=content_type, headers=sent, REMOTE_ADDR=address)


def read_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, which is whole and says this."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content[:200]
    problem: dict[str, Any] = json.loads(response.content)
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "code"}
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail"))
    assert all(set(error) == {"field", "detail"} for error in problem.get("errors", []))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-ID"]
    assert ("Retry-After" in response.headers) == (status in {429, 503})
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    return problem


def read_state() -> list[Any]:
    """Everything that an act may change, counts of refusals apart."""
    from_scores = list(Score.objects.order_by("id").values())
    return [from_scores, list(AuditEntry.objects.order_by("id").values()), list(SpentRefreshToken.objects.values())]
