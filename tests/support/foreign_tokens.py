"""Access tokens of somebody else's sign-in, and the key they are signed with (fixture `signed_elsewhere` trusts it)."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ELSEWHERE = Ed25519PrivateKey.generate()


def make_token(key: Ed25519PrivateKey = ELSEWHERE, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": "https://id.example",
        "aud": "scoreboard",
        "sub": "user-17",
        "name": "Ada Lovelace",
        "exp": now + 60,
    }
    return jwt.encode({name: value for name, value in {**claims, **changes}.items() if value is not ...}, key, "EdDSA")
