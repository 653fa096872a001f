"""What a site does with the client that openapi-python-client generates: the same calls as in typescript/client.ts."""

import json
import sys
from typing import Any

from scoreboard_client import AuthenticatedClient, Client
from scoreboard_client.api.score import read_top, update_score
from scoreboard_client.api.token import create_tokens
from scoreboard_client.models import (
    ActionUpdate,
    AwardShape,
    LoginBody,
    ProblemShape,
    ReceiptUpdate,
    TokenPair,
    TopShape,
)

given = json.loads(sys.argv[1])
client = Client(base_url=given["url"])


def update(token: str, body: ActionUpdate | ReceiptUpdate, key: str | None = None) -> list[Any]:
    signed_in = AuthenticatedClient(base_url=given["url"], token=token)
    options = {} if key is None else {"idempotency_key": key}
    response = update_score.sync_detailed(client=signed_in, body=body, **options)
    if isinstance(response.parsed, AwardShape):
        return [int(response.status_code), response.parsed.score, response.parsed.verified]
    return describe(response)


def describe(response: Any) -> list[Any]:
    assert isinstance(response.parsed, ProblemShape)
    return [int(response.status_code), response.parsed.status, response.parsed.code]


wrong = create_tokens.sync_detailed(client=client, body=LoginBody(username="ada", password="wrong password"))
tokens = create_tokens.sync(client=client, body=LoginBody(username="ada", password=given["password"]))
assert isinstance(tokens, TokenPair)
token = tokens.access
answers = [
    describe(wrong),
    update(token, ActionUpdate(action="daily-quiz"), "one"),
    update(token, ReceiptUpdate(receipt=given["receipt"])),
    update(token, ActionUpdate(action="daily-quiz")),
    update("x.y.z", ActionUpdate(action="daily-quiz"), "two"),
    update(token, ReceiptUpdate(receipt=given["stranger"])),
    update(token, ActionUpdate(action="nothing"), "two"),
    update(token, ReceiptUpdate(receipt=given["reused"])),
    update(token, ReceiptUpdate(receipt="x" * 9000)),
    update(token, ActionUpdate(action="nothing"), "one"),
    update(token, ReceiptUpdate(receipt=given["forged"])),
    update(token, ActionUpdate(action="daily-quiz"), "two"),
    update(token, ActionUpdate(action="tampered"), "three"),
]
top = read_top.sync(client=client)
assert isinstance(top, TopShape)
json.dump([*answers, [[entry.rank, entry.name, entry.score] for entry in top.entries]], sys.stdout)
