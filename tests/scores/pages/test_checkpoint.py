"""Checkpoints are everybody's to keep copies of, and so are the public keys."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys, read_jwk_set
from tests.support.chains import grow

WELL_KNOWN = "/.well-known/scoreboard-checkpoint"
KEYS = "/.well-known/scoreboard-keys"


def test_the_newest_block_is_public(db: None, exported: Path, client: Client) -> None:
    response = client.get(WELL_KNOWN)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")
    grow(uuid4())
    [checkpoint] = sign_checkpoints()
    response = client.get(WELL_KNOWN)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/jose")
    assert response.content.decode() == checkpoint.jws
    assert client.post(WELL_KNOWN).status_code == 405


def test_so_is_every_other_by_its_number(db: None, exported: Path, client: Client) -> None:
    texts = []
    for _ in range(2):
        grow(uuid4())
        texts += [made.jws for made in sign_checkpoints()]
    assert [client.get(f"{WELL_KNOWN}?number={number}").content.decode() for number in (1, 2)] == texts
    assert client.get(f"{WELL_KNOWN}?number=3").status_code == 404


@pytest.mark.parametrize("query", ["number=", "number=0", "number=-1", "number=x", "number=1&number=1", "other=1"])
@pytest.mark.parametrize("path", [WELL_KNOWN, KEYS])
def test_a_query_that_is_none_is_refused(db: None, client: Client, path: str, query: str) -> None:
    response = client.get(f"{path}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_query")


def test_the_public_keys_are_a_jwk_set(client: Client, db: None) -> None:
    response = client.get(KEYS)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/jwk-set+json")
    public = json.loads(Path(configured.CHECKPOINT_KEY_FILE).read_text())["public"]
    assert response.json() == {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}
            for kid, x in sorted(public.items())
        ]
    }
    assert read_jwk_set(response.json()).public == load_checkpoint_keys().public


def test_where_there_is_no_key_file_there_are_no_keys(client: Client, db: None, settings: Settings) -> None:
    settings.CHECKPOINT_KEY_FILE = ""
    assert client.get(KEYS).status_code == 404
