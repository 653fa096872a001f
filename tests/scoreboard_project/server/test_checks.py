"""`manage.py check --deploy`: each thing that is wrong with the settings is a sentence of its own."""

from typing import Any

import pytest
from pytest_django import Settings

from scoreboard_project.server.checks import check_appearance, check_deployment

pytestmark = pytest.mark.any_database

RANDOM = "p3Zt0vQnXw8rKc5LyJ2mHs7dFgBaUe9TiOq4V1N6WxYzDkRj"


@pytest.fixture
def sound(settings: Settings) -> Settings:
    """Settings of a public site that nothing is wrong with."""
    settings.SECRET_KEY, settings.SIMPLE_JWT = RANDOM, {"SIGNING_KEY": RANDOM[::-1]}
    settings.HTTPS_ONLY, settings.TRUSTED_PROXIES = True, 1
    settings.REDIS_URL, settings.CHECKPOINT_EXPORT = "redis://valkey/0", "/data/checkpoints.jws"
    return settings


def test_nothing_is_wrong_with_sound_settings(sound: Settings) -> None:
    assert check_deployment(None) == []


@pytest.mark.parametrize(
    ("name", "value", "code", "begin"),
    [
        ("SECRET_KEY", "django-insecure-" + RANDOM, "W001", "SECRET_KEY looks typed, not drawn at random"),
        ("SIMPLE_JWT", {"SIGNING_KEY": "abcabcabc" * 8}, "W001", "JWT_SIGNING_KEY looks typed, not drawn at random"),
        ("SIMPLE_JWT", {"SIGNING_KEY": RANDOM}, "W002", "JWT_SIGNING_KEY is the same as SECRET_KEY"),
        ("ALLOWED_HOSTS", ["*"], "W003", "ALLOWED_HOSTS holds *"),
        ("TRUSTED_PROXIES", 0, "W004", "TRUSTED_PROXIES is 0 with HTTPS_ONLY on"),
        ("CHECKPOINT_EXPORT", "", "W005", "CHECKPOINT_EXPORT is not set"),
    ],
)
def test_each_fault_is_a_sentence(sound: Settings, name: str, value: Any, code: str, begin: str) -> None:
    setattr(sound, name, value)
    (message,) = check_deployment(None)
    assert (message.id, str(message.msg)[: len(begin)]) == (f"scoreboard.{code}", begin)


@pytest.mark.postgresql
def test_postgresql_without_redis_may_have_one_process(sound: Settings) -> None:
    sound.REDIS_URL = ""
    assert [message.id for message in check_deployment(None)] == ["scoreboard.W006"]


def test_an_accent_that_does_not_read_is_told_with_its_ratio(settings: Settings) -> None:
    settings.SITE_ACCENT = ["#0b6848"]
    assert check_appearance(None) == []
    settings.SITE_ACCENT = ["#ffcc00"]
    [message] = check_appearance(None)
    assert (message.id, message.msg) == (
        "scoreboard.W007",
        "SITE_ACCENT: #ffcc00 has a contrast of 1.4:1 on #faf3d7, a background of the light theme; text needs 4.5:1 (WCAG 1.4.3), "
        "the ring around what has the focus 3:1 (1.4.11). Name another, or one for each theme: LIGHT,DARK.",
    )
