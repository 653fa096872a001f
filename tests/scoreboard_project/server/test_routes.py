"""Routes that the server treats in a way of their own are routes of the site."""

import pytest
from django.urls import Resolver404, get_resolver, resolve

from scoreboard_project.server.routes import (
    BOARDS,
    LIMITED_BY_THEMSELVES,
    LOGINS,
    LONG_READS,
    TOP,
    UPDATE,
    is_for_everybody,
    is_limited_by_itself,
)

FEED = "/boards/<str:slug>/<str:period>/ctftime.json"


@pytest.mark.parametrize("path", sorted({TOP, UPDATE} | BOARDS | LOGINS | LIMITED_BY_THEMSELVES))
def test_each_is_a_route_of_the_site(path: str) -> None:
    assert f"/{resolve(path).route}" == path


def test_every_route_of_boards_and_players_counts_its_requests_itself() -> None:
    patterns = [f"/{pattern.pattern}" for pattern in get_resolver().url_patterns]
    reads = [pattern for pattern in patterns if pattern.startswith(("/api/boards", "/api/players"))]
    assert len(reads) == 9
    assert [pattern for pattern in reads if not is_limited_by_itself(pattern)] == []
    assert [pattern for pattern in reads if LONG_READS.fullmatch(pattern)] == [
        "/api/boards/<str:slug>/<str:period>/results"
    ]
    others = [pattern for pattern in patterns if pattern not in reads]
    assert {pattern for pattern in others if LONG_READS.fullmatch(pattern)} == {
        "/api/score/me/proof", "/you/proof", FEED
    }  # fmt: skip
    assert {pattern for pattern in others if is_limited_by_itself(pattern)} == LIMITED_BY_THEMSELVES | {FEED}


@pytest.mark.parametrize(
    "path",
    ["/api/boards/", "/api/boards/a/", "/api/boardsx", "/api/boards/a/b/c", "/api/boards/a/b/me/x", "/api/players/a/b"],
)
def test_what_is_no_route_of_theirs_is_counted_as_a_page(path: str) -> None:
    assert not is_limited_by_itself(path)
    with pytest.raises(Resolver404):
        resolve(path)


@pytest.mark.parametrize(
    ("environ", "is_so"),
    [
        ({}, True),
        ({"REQUEST_METHOD": "HEAD"}, True),
        ({"HTTP_COOKIE": "language=de"}, True),
        ({"REQUEST_METHOD": "POST"}, False),
        ({"REQUEST_METHOD": "PATCH"}, False),
        ({"PATH_INFO": "/admin/"}, False),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, False),
        ({"HTTP_COOKIE": "language=de; sessionid=x"}, False),
    ],
)
def test_reads_without_a_token_or_a_session_are_for_everybody(environ: dict[str, str], is_so: bool) -> None:
    assert is_for_everybody({"REQUEST_METHOD": "GET", "PATH_INFO": "/api/boards", **environ}) is is_so
