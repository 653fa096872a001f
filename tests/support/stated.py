"""What a backend sends to the door for many awards: lines, the statement that signs them, and one call."""

import json
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from audit.keys import encode_base64url
from scores.models import Score
from tests.support.acting import ISSUER_KEY, sign

AWARDS = "/api/awards"
STATEMENT_HEADER = {"alg": "EdDSA", "typ": "score-statement+jwt", "kid": "test-1"}


def make_line(
    player: Score | UUID, points: int = 25, *, action: str = "daily-quiz", jti: str = "", value: int | None = None
) -> str:
    """A good line, with an id of its own unless one is given."""
    said = "" if value is None else f" {value}"
    return f"{jti or uuid4().hex} {getattr(player, 'pk', player)} {action} {points}{said}"


def make_statement_claims(lines: Sequence[str], /, **changes: Any) -> dict[str, Any]:
    """The claims of a good statement over these lines, with changes; a change to `...` leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": "test-backend",
        "aud": "scoreboard",
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 300,
        "lines": [encode_base64url(sha256(line.encode()).digest()) for line in lines],
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def make_call(
    lines: Sequence[str], /, *, header: Any = STATEMENT_HEADER, key: Any = ISSUER_KEY, **changes: Any
) -> dict[str, Any]:
    """The body of a call that states these lines."""
    return {"statement": sign(make_statement_claims(lines, **changes), header, key), "awards": list(lines)}


def send_awards(
    body: Any,
    *,
    content_type: str = "application/json",
    address: str = "192.0.2.9",
    headers: dict[str, str] | None = None,
) -> Any:
    """One call; bytes are sent as they stand."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(raise_request_exception=False)
    return client.post(AWARDS, data=data, content_type=content_type, headers=headers, REMOTE_ADDR=address)


def read_results(response: Any) -> list[tuple[int, str | int]]:
    """Of each award its status, with the code where it was refused and the score where it was not; checks the answer as a whole."""
    body = json.loads(response.content)
    assert response.status_code == 200, body
    assert body.keys() == {"results", "accepted", "replayed", "refused"}
    counted = [item for item in body["results"] if item["status"] == 200]
    assert all(item.keys() == {"status", "player", "delta", "score", "replayed", "entry"} for item in counted)
    refused = [item for item in body["results"] if item["status"] != 200]
    assert all(item.keys() == {"status", "code"} for item in refused)
    replayed = sum(item["replayed"] for item in counted)
    assert (body["accepted"], body["replayed"], body["refused"]) == (len(counted) - replayed, replayed, len(refused))
    return [(item["status"], item.get("code", item.get("score"))) for item in body["results"]]
