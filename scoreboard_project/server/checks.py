"""What `manage.py check --deploy` and `manage.py config` say about this project's own settings, beside Django's checks."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.db import connection

from scores.colours import READABLE, find_faint

MINIMUM_VARIETY = 12
#: What stands in documents, and in files that were copied and forgotten.
PLACEHOLDERS = ("change", "secret", "example", "insecure", "password")


def is_weak(secret: str) -> bool:
    """Whether somebody typed this instead of drawing it."""
    lowered = secret.lower()
    return len(set(secret)) < MINIMUM_VARIETY or any(word in lowered for word in PLACEHOLDERS)


def check_deployment(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    return [CheckWarning(sentence, id=f"scoreboard.{code}") for code, sentence in _find_faults()]


def check_appearance(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    return [
        CheckWarning(
            f"SITE_ACCENT: {faint.accent} has a contrast of {faint.ratio:.1f}:1 on {faint.background}, a background of the "
            f"{faint.theme} theme; text needs {READABLE}:1 (WCAG 1.4.3), the ring around what has the focus 3:1 (1.4.11). "
            "Name another, or one for each theme: LIGHT,DARK.",
            id="scoreboard.W007",
        )
        for faint in find_faint(settings.SITE_ACCENT)
    ]


def _find_faults() -> Iterator[tuple[str, str]]:
    signing_key = settings.SIMPLE_JWT["SIGNING_KEY"] if settings.JWT_ALGORITHM == "HS256" else ""
    for name, secret in (("SECRET_KEY", settings.SECRET_KEY), ("JWT_SIGNING_KEY", signing_key)):
        if secret and is_weak(secret):
            yield "W001", f"{name} looks typed, not drawn at random: who guesses it can sign in as anybody."
    if signing_key and signing_key == settings.SECRET_KEY:
        yield "W002", "JWT_SIGNING_KEY is the same as SECRET_KEY: give each its own, so that one leak is one leak."
    if "*" in settings.ALLOWED_HOSTS:
        yield "W003", "ALLOWED_HOSTS holds *: name the hosts, or links and sockets can be made to trust any."
    if settings.HTTPS_ONLY and not settings.TRUSTED_PROXIES:
        yield (
            "W004",
            "TRUSTED_PROXIES is 0 with HTTPS_ONLY on: this server speaks no TLS, so a proxy must stand in front. Say how "
            "many, or every request is redirected for ever and all limits count the proxy's address.",
        )
    if not settings.CHECKPOINT_EXPORT:
        yield "W005", "CHECKPOINT_EXPORT is not set: without a copy outside the database, a cut log cannot be shown."
    if connection.vendor == "postgresql" and not settings.REDIS_URL:
        yield "W006", "REDIS_URL is not set: only one process may serve. Several would share neither limits nor pings."
