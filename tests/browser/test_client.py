"""scoreboard-client.js: nothing is lost, nothing is counted twice."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser_steps import HEALED, OpenTab, wait_for
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

START = """async (tokens) => {
    const client = await import("/static/scoreboard/scoreboard-client.js");
    Object.assign(window, {settled: [], tokens});
    window.client = new client.ScoreboardClient({
        tokens,
        onTokens: (fresh) => (window.tokens = fresh),
        onResult: (result) => window.settled.push(result),
        onError: (error) => window.settled.push(error.name),
    });
}"""
UPDATE = (
    """(act) => client.update(act).catch(({name, code, status, retryAfter}) => ({name, code, status, retryAfter}))"""
)
WAITING = """Object.keys(localStorage).filter((key) => key.startsWith("scoreboard.act.")).length"""


@pytest.fixture(scope="module")
def actions(site: Site) -> None:
    site.manage("make_action", "now-and-then", "--points", "10", "--cooldown", "2")
    site.manage("make_action", "once-a-day", "--points", "10", "--daily-cap", "1")


@pytest.fixture
def player(site: Site, actions: None, request: pytest.FixtureRequest) -> Player:
    [player] = site.make_players(request.node.name.removeprefix("test_")[:60])
    return player


def start_client(page: Page, tokens: dict[str, str]) -> None:
    page.evaluate(START, tokens)


@pytest.fixture
def page(site: Site, player: Player, open_tab: OpenTab) -> Page:
    page = open_tab(site.url)
    start_client(page, {"access": player.access})
    return page


def update(page: Page, action: str) -> Any:
    return page.evaluate(UPDATE, {"action": action})


def test_an_act_counts_and_is_forgotten(site: Site, page: Page, player: Player) -> None:
    result = update(page, "step")

    assert (result["player"]["id"], result["delta"], result["replayed"]) == (player.id, 10, False)
    assert site.points()[player.name] == 10
    assert page.evaluate(WAITING) == 0


def test_an_answer_lost_on_its_way_does_not_count_twice(site: Site, page: Page, player: Player) -> None:
    answers: list[int] = []

    def lose_the_first(route: Route) -> None:
        answers.append(response := route.fetch().status)
        assert response == 200
        if len(answers) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/score/update", lose_the_first)
    result = update(page, "step")

    assert result["replayed"] is True
    assert site.points()[player.name] == 10


def test_an_unavailable_server_is_asked_again(site: Site, page: Page, player: Player) -> None:
    page.route("**/api/score/update", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}), times=2)

    assert update(page, "step")["replayed"] is False
    assert site.points()[player.name] == 10


def test_an_act_done_offline_outlives_a_reload(site: Site, page: Page, player: Player) -> None:
    page.route("**/api/score/update", lambda route: route.abort())
    page.evaluate("void client.update({action: 'step'}).catch(() => {})")
    wait_for(page, f"{WAITING} === 1")

    page.unroute_all()
    page.reload()
    start_client(page, {"access": player.access})

    wait_for(page, "settled.length === 1")
    assert page.evaluate("settled[0].player.id") == player.id
    assert page.evaluate(WAITING) == 0
    assert site.points()[player.name] == 10


def test_an_act_is_never_sent_as_somebody_else_s(site: Site, page: Page, player: Player) -> None:
    [other] = site.make_players("somebody else")
    page.route("**/api/score/update", lambda route: route.abort())
    page.evaluate("void client.update({action: 'step'}).catch(() => {})")
    wait_for(page, f"{WAITING} === 1")
    page.unroute_all()
    page.reload()

    start_client(page, {"access": other.access})
    update(page, "step")

    assert site.points()["somebody else"] == 10
    assert player.name not in site.points()
    assert page.evaluate(WAITING) == 1


def test_a_refusal_is_a_typed_error_and_final(site: Site, page: Page, player: Player) -> None:
    assert update(page, "no-such-action") == {
        "name": "RefusedError",
        "code": "unknown_action",
        "status": 404,
        "retryAfter": None,
    }
    assert page.evaluate(WAITING) == 0
    assert player.name not in site.points()


def test_a_cooldown_is_waited_out(site: Site, page: Page, player: Player) -> None:
    assert update(page, "now-and-then")["score"] == 10
    assert update(page, "now-and-then")["score"] == 20


def test_a_used_up_day_is_a_typed_error_with_the_time_to_wait(site: Site, page: Page, player: Player) -> None:
    update(page, "once-a-day")
    error = update(page, "once-a-day")

    assert (error["name"], error["code"], error["status"]) == ("LimitedError", "daily_cap", 429)
    assert error["retryAfter"] > 0
    assert site.points()[player.name] == 10


@pytest.mark.parametrize(
    "access", ["", "not a token", "Bearer {access}", "{access}\n", "a.b.c", "{access}.more", "e30.e30.e30"]
)
def test_a_token_that_is_none_is_an_error_with_a_sentence_and_nothing_is_sent(
    site: Site, page: Page, player: Player, access: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    error = page.evaluate(
        """(access) => { try { client.setTokens({access}); } catch ({name, code, message}) { return {name, code, message}; } }""",
        access.format(access=player.access),
    )
    assert error == {
        "name": "SignInError",
        "code": "token_malformed",
        "message": "The access token is no JSON Web Token of a player. "
        'Give what POST /api/token answers as "access", and nothing before or behind it.',
    }
    assert asked == []
    assert update(page, "step")["player"]["id"] == player.id


def test_an_expired_token_is_refreshed_once_for_all(site: Site, open_tab: OpenTab) -> None:
    tokens = site.sign_in("hopper")
    page = open_tab(site.url)
    header, payload, _ = tokens["access"].split(".")
    start_client(page, {"access": f"{header}.{payload}.expired", "refresh": tokens["refresh"]})

    results = page.evaluate("Promise.all([1, 2, 3].map(() => client.update({action: 'step'})))")

    assert sorted(result["score"] for result in results) == [10, 20, 30]
    assert page.evaluate("tokens.refresh") != tokens["refresh"]


def test_without_a_way_to_refresh_the_act_is_kept_until_the_player_is_back(
    site: Site, page: Page, player: Player
) -> None:
    header, payload, _ = player.access.split(".")
    start_client(page, {"access": f"{header}.{payload}.expired"})

    assert update(page, "step")["name"] == "SignInError"
    assert page.evaluate(WAITING) == 1

    page.evaluate("(access) => client.setTokens({access})", player.access)
    wait_for(page, "settled.length === 2")
    assert site.points()[player.name] == 10
    assert page.evaluate(WAITING) == 0
    expect(page.locator(f"tr[data-player='{player.id}'] .number")).to_have_text("10", timeout=HEALED)
