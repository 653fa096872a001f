"""The newest checkpoint is everybody's to keep a copy of."""

from pathlib import Path
from uuid import uuid4

from django.test import Client

from audit.checkpoints import sign_checkpoints
from tests.support.chains import grow

WELL_KNOWN = "/.well-known/scoreboard-checkpoint"


def test_the_newest_block_is_public(db: None, exported: Path, client: Client) -> None:
    response = client.get(WELL_KNOWN)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")
    grow(uuid4())
    [checkpoint] = sign_checkpoints()
    response = client.get(WELL_KNOWN)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/jose")
    assert response.content.decode() == checkpoint.jws
    assert client.post(WELL_KNOWN).status_code == 405
