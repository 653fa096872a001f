"""Routes that the server treats in a way of their own are routes of the site."""

import pytest
from django.urls import resolve

from scoreboard_project.server.routes import BOARDS, LIMITED_BY_THEMSELVES, LOGINS, TOP, UPDATE


@pytest.mark.parametrize("path", sorted({TOP, UPDATE} | BOARDS | LOGINS | LIMITED_BY_THEMSELVES))
def test_each_is_a_route_of_the_site(path: str) -> None:
    assert f"/{resolve(path).route}" == path
