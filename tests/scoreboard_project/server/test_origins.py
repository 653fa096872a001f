"""Which origins are ours."""

import pytest
from django.test import override_settings

from scoreboard_project.server.origins import is_allowed_origin


@pytest.mark.parametrize(
    ("origin", "host", "https_only", "allowed"),
    [
        ("https://board.example", "board.example", True, True),
        ("http://board.example", "board.example", True, False),
        ("http://board.example", "board.example", False, True),
        ("https://board.example:8443", "board.example", True, False),
        ("https://board.example", "board.example:8443", True, False),
        ("https://evil.example", "evil.example", True, False),
        ("https://board.example.evil.example", "board.example", True, False),
        ("https://[::1", "board.example", True, False),
        ("null", "board.example", True, False),
    ],
)
def test_an_origin_is_ours_by_scheme_host_and_port(origin: str, host: str, https_only: bool, allowed: bool) -> None:
    with override_settings(ALLOWED_HOSTS=["board.example"], HTTPS_ONLY=https_only, ALLOWED_ORIGINS=[]):
        assert is_allowed_origin(origin, host) is allowed
