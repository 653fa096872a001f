"""The keys of tokens: exchanged without anybody signed out, and refused at the start where they cannot work."""

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_elliptic_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from django.conf import global_settings
from pytest_django import Settings

from scores.api.token_keys import read_public_keys, restore_lines
from scores.models import Action
from tests.support.acting import PASSWORD, make_player
from tests.support.commands import last_line, run
from tests.support.http_client import JSON, ask
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

Start = Callable[..., ScoreboardServer]
Pair = tuple[str, str]


def make_pair(algorithm: str = "EdDSA") -> Pair:
    """A private and its public key, as PEM."""
    key = Ed25519PrivateKey.generate() if algorithm == "EdDSA" else generate_elliptic_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


OLD, NEW = make_pair(), make_pair()


def signing_with(pair: Pair, *verifying: Pair, algorithm: str = "EdDSA") -> dict[str, str]:
    public = "".join(public for _, public in verifying)
    return {"JWT_ALGORITHM": algorithm, "JWT_SIGNING_KEY": pair[0], "JWT_VERIFYING_KEY": public}


def post(server: ScoreboardServer, path: str, body: dict[str, str]) -> tuple[int, dict[str, str]]:
    response, content = ask(server, "POST", f"/api/{path}", json.dumps(body), JSON)
    return response.status, json.loads(content)


def act(server: ScoreboardServer, access: str, key: str):
    sent = JSON | {"Authorization": f"Bearer {access}", "Idempotency-Key": key}
    return ask(server, "PATCH", "/api/score/update", '{"action": "step"}', sent)[0].status


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_a_key_is_exchanged_and_nobody_is_signed_out(
    algorithm: str, scoreboard_server: Start, settings: Settings
) -> None:
    Action.objects.create(slug="step", label="Step", points=10)
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the server's, where the password is checked
    make_player()
    old, new = make_pair(algorithm), make_pair(algorithm)
    before = scoreboard_server(**signing_with(old, old, algorithm=algorithm))
    status, first = post(before, "token", {"username": "ada", "password": PASSWORD})
    assert status == 200

    between = scoreboard_server(**signing_with(new, old, new, algorithm=algorithm))
    assert act(between, first["access"], "one") == 200
    status, second = post(between, "token/refresh", {"refresh": first["refresh"]})
    assert status == 200
    assert act(between, second["access"], "two") == 200

    after = scoreboard_server(**signing_with(new, new, algorithm=algorithm))
    assert act(after, second["access"], "three") == 200
    assert act(after, first["access"], "four") == 401
    assert "401 token_invalid:signature" in after.log


@pytest.mark.parametrize("line_end", ["\\n", " ", "", "\r\n"])
def test_keys_keep_their_meaning_where_their_lines_are_lost(line_end: str) -> None:
    variables = {name: text.replace("\n", line_end) for name, text in signing_with(OLD, NEW, OLD).items()}
    assert run("check", before=None, **variables).returncode == 0
    keys = read_public_keys(restore_lines(variables["JWT_VERIFYING_KEY"]), "EdDSA")
    assert keys == [load_pem_public_key(public.encode()) for _, public in (NEW, OLD)]


@pytest.mark.parametrize(
    ("variables", "said"),
    {
        "no PEM": (
            {"JWT_VERIFYING_KEY": "secret"},
            "JWT_VERIFYING_KEY must hold PEM public keys, one after the other, and nothing else.",
        ),
        "a private key among them": (
            {"JWT_VERIFYING_KEY": OLD[1] + NEW[0]},
            "JWT_VERIFYING_KEY must hold PEM public keys, one after the other, and nothing else.",
        ),
        "one of another algorithm": (
            {"JWT_VERIFYING_KEY": OLD[1] + make_pair("ES256")[1]},
            "JWT_VERIFYING_KEY holds a key that EdDSA cannot use.",
        ),
        "one that is broken": (
            {"JWT_VERIFYING_KEY": OLD[1].replace("MC", "AA")},
            "JWT_VERIFYING_KEY holds a key that EdDSA cannot use.",
        ),
        "not that of the signing key": (
            {"JWT_VERIFYING_KEY": NEW[1]},
            "JWT_SIGNING_KEY belongs to no key of JWT_VERIFYING_KEY: tokens issued here would be refused here.",
        ),
        "a public key to sign with": ({"JWT_SIGNING_KEY": OLD[1]}, "JWT_SIGNING_KEY must be a PEM private key."),
        "no key to sign with": ({"JWT_SIGNING_KEY": "x" * 64}, "JWT_SIGNING_KEY holds a key that EdDSA cannot use."),
    }.values(),
)
def test_keys_that_cannot_work_end_the_start_with_a_sentence(variables: dict[str, str], said: str) -> None:
    assert last_line(run("check", before=None, **signing_with(OLD, OLD) | variables)) == f"Configuration: {said}"
