"""The routes of boards and players: what each answers, how long it is kept, and what is refused."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from scores.board.leaderboard import read_tops
from scores.investigation import corrections
from scores.models import Score, Standing
from tests.support.acting import access_token, make_player, read_problem
from tests.support.boards import NOON, main_period, make_board, make_period, make_season, stand

pytestmark = pytest.mark.usefixtures("db", "no_traceback")
TODAY, YESTERDAY = "2026-11-27", "2026-11-26"
BOARDS, DAILY, PLAYERS = "/api/boards", "/api/boards/daily", "/api/players"
#: A path of every route, and with what it is asked.
PUBLIC = {
    "boards": BOARDS,
    "board": DAILY,
    "period": f"{DAILY}/{TODAY}",
    "periods": f"{DAILY}/periods",
    "results": f"{DAILY}/previous/results",
    "proof": f"{DAILY}/previous/proof",
    "players": f"{PLAYERS}?name=ad",
    "player": f"{PLAYERS}/{UUID(int=1)}",
    "corrections": "/api/corrections",
}


@pytest.fixture(autouse=True)
def ada(turn_clock: Callable[[datetime], None]) -> Score:
    """A player on two days of a board, at noon of the second."""
    turn_clock(NOON)
    daily = make_board("daily")
    player = make_player("Ada")
    Score.objects.filter(pk=player.pk).update(id=UUID(int=1))
    player = Score.objects.get(pk=UUID(int=1))
    stand(player, make_period(daily, YESTERDAY), 7)
    stand(player, make_period(daily, TODAY), 30)
    return player


def get(path: str, *, headers: dict[str, str] | None = None, address: str = "192.0.2.1") -> Any:
    return Client(raise_request_exception=False).get(path, headers=headers or {}, REMOTE_ADDR=address)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def read(path: str) -> dict[str, Any]:
    response = get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json"), response.content
    document: dict[str, Any] = json.loads(response.content)
    return document


def test_boards_are_listed() -> None:
    assert [board["slug"] for board in read(BOARDS)["boards"]] == ["daily", "main"]


def test_the_current_period_is_what_a_board_answers_byte_for_byte_as_the_socket_sends_it() -> None:
    [[_, top]] = read_tops([("daily", "current")]).items()
    for path in (DAILY, f"{DAILY}/current", f"{DAILY}/{TODAY}", f"{DAILY}?limit=10"):
        assert get(path).content.decode() == top.body
    assert read(f"{DAILY}/previous")["entries"][0]["score"] == 7


def test_pages_follow_each_other() -> None:
    today = Standing.objects.get(period__name=TODAY).period
    for number in range(3):
        stand(f"P{number}", today, 20 - number)
    first = read(f"{DAILY}?limit=2")
    second = read(f"{DAILY}?limit=2&after={first['next']}")
    assert [row["name"] for row in first["entries"] + second["entries"]] == ["Ada", "P0", "P1", "P2"]
    assert [row["rank"] for row in read(f"{DAILY}?from_rank=3")["entries"]] == [3, 4]
    assert [row["rank"] for row in read(f"{DAILY}?limit=1&around={UUID(int=1)}")["entries"]] == [1]


def test_periods_results_and_proof_of_a_board() -> None:
    assert [period["name"] for period in read(f"{DAILY}/periods")["periods"]] == [TODAY, YESTERDAY]
    assert read(f"{DAILY}/periods?limit=1")["next"] == TODAY
    assert [period["name"] for period in read(f"{DAILY}/periods?limit=1&before={TODAY}")["periods"]] == [YESTERDAY]
    results = get(f"{DAILY}/{YESTERDAY}/results")
    assert (results.status_code, results.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    expected = f"1 {UUID(int=1)} 7 1795780800000000 1\n".encode()
    assert (body_of(results), results.headers["Content-Length"]) == (expected, str(len(expected)))
    assert read(f"{DAILY}/{YESTERDAY}/proof")["entries"] == {"board": None, "period": None}


def test_corrections_are_counted_in_public() -> None:
    assert read("/api/corrections") == {"corrections": []}
    corrections.adjust(player=UUID(int=1), delta=5, reason="a secret", actor="system")
    cache.clear()
    assert read("/api/corrections") == {
        "corrections": [{"kind": "adjust", "count": 1, "at": "2026-11-27T12:00:00.000000Z"}]
    }


def test_who_knows_the_corrections_asks_under_a_limit_of_its_own(settings: Settings) -> None:
    settings.READ_RATE = "1/d"
    tag = get("/api/corrections").headers["ETag"]
    read_problem(get("/api/corrections"), 429, "rate_limited")
    for _ in range(10):
        assert get("/api/corrections", headers={"If-None-Match": tag}).status_code == 304
    read_problem(get("/api/corrections", headers={"If-None-Match": tag}), 429, "rate_limited")


def test_players_are_searched_and_shown() -> None:
    assert read(f"{PLAYERS}?name=%C3%84D") == {
        "players": [{"rank": None, "player": str(UUID(int=1)), "name": "Ada", "score": None}]
    }
    profile = read(f"{PLAYERS}/{UUID(int=1)}")
    assert [(each["board"], each["rank"], each["score"]) for each in profile["standings"]] == [("daily", 1, 30)]
    assert profile["history"] == [{"period": YESTERDAY, "score": 7}, {"period": TODAY, "score": 30}]


@pytest.mark.parametrize("route", PUBLIC)
def test_every_public_answer_has_a_strong_tag_and_may_be_kept(route: str) -> None:
    response = get(PUBLIC[route])
    body_of(response)
    kept = 60 if route in {"results", "proof"} else 1
    assert (response.status_code, response.headers["Cache-Control"]) == (200, f"public, max-age={kept}")
    tag = response.headers["ETag"]
    assert tag[0] == tag[-1] == '"'
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        unchanged = get(PUBLIC[route], headers={"If-None-Match": condition})
        assert (unchanged.status_code, body_of(unchanged), unchanged.headers["ETag"]) == (304, b"", tag)
        assert unchanged.headers["Cache-Control"] == f"public, max-age={kept}"
        assert "Content-Type" not in unchanged.headers
    changed = get(PUBLIC[route], headers={"If-None-Match": '"other"'})
    assert (changed.status_code, bool(body_of(changed))) == (200, True)


@pytest.mark.parametrize("route", PUBLIC)
def test_no_answer_is_compressed_or_depends_on_cookies_and_languages(route: str) -> None:
    headers = {"Accept-Encoding": "gzip", "Accept-Language": "de", "Cookie": f"sessionid={'x' * 32}"}
    today = Standing.objects.get(period__name=TODAY).period
    for number in range(9):
        stand(f"Adam {number}", today, number)
    plain, asked = get(PUBLIC[route]), get(PUBLIC[route], headers=headers)
    assert "Content-Encoding" not in asked.headers
    assert "Vary" not in asked.headers
    assert (asked.headers["ETag"], body_of(asked)) == (plain.headers["ETag"], body_of(plain))


@pytest.mark.parametrize("route", PUBLIC)
def test_another_method_is_refused_and_head_and_options_are_answered(route: str) -> None:
    client = Client()
    for method in ("post", "put", "patch", "delete"):
        refusal = getattr(client, method)(PUBLIC[route], {}, "application/json")
        read_problem(refusal, 405, "method_not_allowed")
        assert refusal.headers["Allow"] == "GET, HEAD, OPTIONS"
    head, whole = client.head(PUBLIC[route]), get(PUBLIC[route])
    assert (head.status_code, body_of(head), head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(body_of(whole)))
    assert client.options(PUBLIC[route]).status_code == 200


@pytest.mark.parametrize(
    ("route", "query"),
    [
        *((route, query) for route in PUBLIC if route != "players" for query in ("x=1", "limit", "%00=1", "\u00ff=1")),
        *((route, "limit=10") for route in ("boards", "results", "proof", "player")),
        *(
            (route, f"limit={text}")
            for route in ("board", "period", "periods")
            for text in ("", "0", "101", "-1", "1.5", "1e1", "%D9%A3", "%EF%BC%91", "1%00", "9" * 400, "1&limit=1")
        ),
        *((route, f"from_rank={text}") for route in ("board", "period") for text in ("0", "-1", "x", str(2**53))),
        *(
            (route, f"around={text}")
            for route in ("board", "period")
            for text in ("x", UUID(int=1).hex, "6F1D9C1E-4F0A-4B57-9A57-0D3F6C7C2B11")
        ),
        ("board", f"from_rank=1&around={UUID(int=1)}"),
        ("board", "after=x&from_rank=1"),
        ("periods", "before=nonsense"),
        ("periods", "before="),
    ],
)
def test_a_query_that_is_not_exactly_the_routes_is_refused(route: str, query: str) -> None:
    read_problem(get(f"{PUBLIC[route]}?{query}"), 400, "invalid_query")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=5",
        "name=",
        "name=a",
        "name=%00%00",
        "name=ad&name=ad",
        f"name={'a' * 65}",
        "name=ad&limit=21",
        "q=ad",
    ],
)
def test_a_search_that_is_not_exactly_one_is_refused(query: str) -> None:
    read_problem(get(f"{PLAYERS}?{query}"), 400, "invalid_query")


@pytest.mark.parametrize("cursor", ["x", "%20", "A" * 54, "%F0%9F%98%80", "A" * 1000])
def test_a_broken_cursor_is_refused(cursor: str) -> None:
    read_problem(get(f"{DAILY}?after={cursor}"), 400, "invalid_cursor")


@pytest.mark.parametrize("tail", ["", "/current", "/periods", "/previous/results", "/previous/proof"])
@pytest.mark.parametrize("slug", ["nothing", "off", "Daily", "d%C3%A4ily", "%25", "x" * 300, "%20", "daily%0A"])
def test_a_board_that_there_is_not_is_refused(slug: str, tail: str) -> None:
    make_board("off", enabled=False)
    read_problem(get(f"{BOARDS}/{slug}{tail}"), 404, "unknown_board")


@pytest.mark.parametrize("tail", ["", "/results", "/proof"])
@pytest.mark.parametrize("name", ["2026-02-30", "2026-W48", "all", "Current", "%E2%82%AC", "x" * 300, f"{TODAY}%0A"])
def test_a_period_that_there_is_not_is_refused(name: str, tail: str) -> None:
    read_problem(get(f"{DAILY}/{name}{tail}"), 404, "unknown_period")


@pytest.mark.parametrize(
    "path", [f"{DAILY}/%00", f"{BOARDS}/%00", f"{PLAYERS}/%00", f"{DAILY}/x/y", f"{BOARDS}/", f"{DAILY}/"]
)
def test_what_is_no_route_is_not_found(path: str) -> None:
    read_problem(get(path), 404, "not_found")


@pytest.mark.parametrize("player", [str(UUID(int=9)), "x", UUID(int=1).hex, "6F1D9C1E-4F0A-4B57-9A57-0D3F6C7C2B11"])
def test_a_player_that_there_is_not_is_refused(player: str) -> None:
    read_problem(get(f"{PLAYERS}/{player}"), 404, "unknown_player")


def test_who_does_not_stand_there_has_no_surroundings() -> None:
    read_problem(get(f"{DAILY}?around={uuid4()}"), 404, "not_ranked")


def test_results_and_proof_come_when_the_period_is_closed() -> None:
    for tail in ("results", "proof"):
        read_problem(get(f"{DAILY}/current/{tail}"), 409, "period_open")
        read_problem(get(f"{BOARDS}/main/all/{tail}"), 409, "period_open")


def test_a_board_that_is_being_filled_is_listed_and_cannot_be_read() -> None:
    make_board("filling", filling=True)
    for path in ("", "/current", "/periods", "/previous/results", "/previous/proof"):
        read_problem(get(f"{BOARDS}/filling{path}"), 503, "board_filling")
    assert [board["filling"] for board in read(BOARDS)["boards"]] == [False, True, False]


def test_between_seasons_there_is_no_current_period() -> None:
    league = make_board("league", span="season")
    read_problem(get(f"{BOARDS}/league"), 404, "unknown_period")
    make_season(league, "winter", NOON - timedelta(days=1), None)
    assert read(f"{BOARDS}/league")["period"]["name"] == "winter"


# --- One's own place.


def me(path: str, token: str | None) -> Any:
    return get(path, headers={} if token is None else {"Authorization": f"Bearer {token}"})


def test_an_own_place_has_the_shape_of_the_main_boards_and_is_kept_by_nobody(ada: Score) -> None:
    stand("Ben", Standing.objects.get(period__name=TODAY).period, 20)
    response = me(f"{DAILY}/current/me", access_token(ada))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    place = json.loads(response.content)
    assert place["below"][0].pop("player") != str(ada.pk)
    assert place == {
        "player": {"id": str(ada.pk), "name": "Ada"},
        "score": 30,
        "rank": 1,
        "above": [],
        "below": [{"rank": 2, "name": "Ben", "score": 20, "reached_at": "2026-11-27T12:00:00.000000Z"}],
    }
    assert "ETag" not in response.headers
    assert json.loads(me(f"{BOARDS}/main/all/me", access_token(ada)).content)["score"] is None


def test_an_own_place_is_for_who_is_signed_in(ada: Score) -> None:
    path = f"{DAILY}/current/me"
    read_problem(me(path, None), 401, "not_authenticated")
    read_problem(me(path, "nonsense"), 401, "token_invalid")
    token = access_token(ada)
    read_problem(me(f"{path}?x=1", token), 400, "invalid_query")
    read_problem(me(f"{BOARDS}/nothing/current/me", token), 404, "unknown_board")
    read_problem(me(f"{DAILY}/nonsense/me", token), 404, "unknown_period")
    User.objects.filter(score=ada).update(is_active=False)
    read_problem(me(path, token), 401, "token_invalid")


def test_a_token_of_nobody_is_refused(ada: Score) -> None:
    token = access_token(ada)
    Standing.objects.all().delete()
    User.objects.filter(score=ada).delete()
    read_problem(me(f"{DAILY}/current/me", token), 401, "token_invalid")


# --- Limits.


@pytest.mark.parametrize("route", PUBLIC)
def test_every_route_counts_its_requests_once(route: str) -> None:
    response = get(PUBLIC[route])
    body_of(response)
    name, quota = ("costly", 120) if route in {"players", "results"} else ("read", 1200)
    assert response.headers["RateLimit-Policy"] == f'"{name}";q={quota};w=60'


def test_reads_are_limited_by_address_and_searches_at_a_tenth(settings: Settings) -> None:
    settings.READ_RATE = "20/d"
    for _ in range(2):
        assert get(PUBLIC["players"]).status_code == 200
    read_problem(get(PUBLIC["players"]), 429, "rate_limited")
    read_problem(get(PUBLIC["players"], address="::ffff:192.0.2.1"), 429, "rate_limited")
    assert get(PUBLIC["players"], address="192.0.2.2").status_code == 200
    for _ in range(20):
        assert get(DAILY).status_code == 200
    read_problem(get(BOARDS), 429, "rate_limited")
    settings.READ_RATE = None
    assert "RateLimit" not in get(DAILY).headers


def test_what_is_no_route_below_them_is_counted_as_a_page(settings: Settings) -> None:
    settings.READ_RATE = "1/d"
    read_problem(get(f"{DAILY}/a/b/c"), 404, "not_found")
    read_problem(get(f"{DAILY}/a/b/c"), 429, "rate_limited")


def test_frozen_players_are_on_no_page(ada: Score) -> None:
    stand(ada, main_period(), 30, hidden=True)
    Standing.objects.update(hidden=True)
    assert (read(DAILY)["entries"], read(DAILY)["players"]) == ([], 0)
    read_problem(get(f"{DAILY}?around={ada.pk}"), 404, "not_ranked")
    assert read(f"{PLAYERS}?name=ada")["players"][0]["rank"] is None
