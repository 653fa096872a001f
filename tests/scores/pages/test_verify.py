"""The page that checks files: all that it needs comes with it, and it may ask nobody anything."""

import json
import re

import pytest
from django.test import Client
from pytest_django import Settings

from audit.keys import load_checkpoint_keys, to_jwk_set
from scores.integrity.sentences import SENTENCES

pytestmark = pytest.mark.django_db


def read_data(text: str, name: str) -> object:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_it_brings_the_sentences_and_the_public_keys(client: Client) -> None:
    response = client.get("/verify")
    text = response.content.decode()
    assert (response.status_code, read_data(text, "sentences")) == (200, SENTENCES)
    assert read_data(text, "site-keys") == to_jwk_set(load_checkpoint_keys())
    assert "connect-src 'none'" in response.headers["Content-Security-Policy"]


def test_without_a_key_file_there_are_no_keys(client: Client, settings: Settings) -> None:
    settings.CHECKPOINT_KEY_FILE = ""
    assert read_data(client.get("/verify").content.decode(), "site-keys") == {"keys": []}


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/verify").status_code == 405


def test_it_speaks_german(client: Client) -> None:
    text = client.get("/verify", headers={"Accept-Language": "de"}).content.decode()
    assert "Selbst nachprüfen" in text
    assert not re.search(r"Files to check|Holds|No findings", text)
