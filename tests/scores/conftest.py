"""What tests of `scores` share: passwords that are hashed at once (no server is asked for these), and another's sign-in."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django import Settings
from rest_framework_simplejwt.backends import TokenBackend

from scores.api import authentication
from scores.models import Action
from tests.support.foreign_tokens import ELSEWHERE


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def signed_elsewhere(settings: Settings, monkeypatch: pytest.MonkeyPatch, daily_quiz: Action) -> None:
    """As with JWT_ALGORITHM=EdDSA, a JWT_VERIFYING_KEY, no JWT_SIGNING_KEY and JWT_AUTO_PROVISION=on."""
    public = ELSEWHERE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    backend = TokenBackend("EdDSA", "", public, "scoreboard", "https://id.example")
    monkeypatch.setattr(authentication, "token_backend", backend)
    settings.JWT_AUTO_PROVISION = True
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "SIGNING_KEY": ""}
