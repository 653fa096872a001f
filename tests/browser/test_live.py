"""The board tells the truth about its own freshness, and is right again within 6 s of the end of any trouble."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import HEALED, OpenTab, points_of, state_of
from tests.support.servers import PostgreSQL, Valkey
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

#: The server breaks its silence after 15 s; a page that hears nothing for a little longer knows.
SILENCE_NOTICED = 22_000
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def expect_live(page: Page) -> None:
    expect(state_of(page)).to_have_text("Live", timeout=HEALED)


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    players = site.make_players("Ada", "Grace", "Edsger")
    for player in players:
        site.act(player, "leap")
    return players


@pytest.fixture
def ada(players: list[Player]) -> Player:
    return players[0]


@pytest.fixture
def stopped_site(site: Site) -> Iterator[Site]:
    """Whatever a test does to the server, the next test finds it running."""
    yield site
    if not site.server.is_running:
        site.server.start()


def test_an_update_appears_in_every_open_tab_without_a_reload(site: Site, open_tab: OpenTab, ada: Player) -> None:
    tabs = [open_tab(site.url), open_tab(site.url)]
    loads = [page.evaluate("performance.timeOrigin") for page in tabs]

    points = site.act(ada)

    for page in tabs:
        expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    assert [page.evaluate("performance.timeOrigin") for page in tabs] == loads


def test_a_row_moves_up_when_its_player_overtakes(site: Site, open_tab: OpenTab, players: list[Player]) -> None:
    page = open_tab(site.url)
    last = page.locator("tbody tr").last.get_attribute("data-player")
    climber = next(player for player in players if player.id == last)

    site.act(climber, "leap")

    row = page.locator("tbody tr").first
    expect(row).to_have_attribute("data-player", climber.id, timeout=HEALED)
    expect(row).to_have_class(re.compile("rose"))
    expect(row.locator(".medal")).to_have_text("1")
    expect(page.locator("#announcements")).to_contain_text(f"{climber.name} leads with", timeout=15_000)


def test_a_swallowed_socket_is_said_and_polling_keeps_the_board_right(
    site: Site, open_tab: OpenTab, proxy: Proxy, ada: Player
) -> None:
    page = open_tab(proxy.url)

    proxy.swallow_sockets()
    expect(state_of(page)).to_have_text("Polling", timeout=HEALED)
    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)

    proxy.let_sockets_through()
    proxy.cut()
    expect_live(page)


def test_a_page_that_never_gets_a_socket_polls_from_the_start(
    site: Site, open_tab: OpenTab, proxy: Proxy, ada: Player
) -> None:
    proxy.swallow_sockets()
    page = open_tab(proxy.url, live=False)

    expect(state_of(page)).to_have_text("Polling", timeout=HEALED)
    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)


def test_polling_asks_with_the_tag_of_what_it_has(site: Site, open_tab: OpenTab, proxy: Proxy) -> None:
    proxy.swallow_sockets()
    page = open_tab(proxy.url, live=False)

    def is_unchanged(response: Response) -> bool:
        return "/api/score/top" in response.url and response.status == 304

    with page.expect_response(is_unchanged, timeout=20_000):
        expect(state_of(page)).to_have_text("Polling", timeout=HEALED)


def test_a_cut_connection_is_replaced(site: Site, open_tab: OpenTab, proxy: Proxy, ada: Player) -> None:
    page = open_tab(proxy.url)

    with page.expect_websocket(timeout=HEALED):
        proxy.cut()
        points = site.act(ada)

    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_a_line_that_falls_silent_is_noticed_and_said(site: Site, open_tab: OpenTab, proxy: Proxy, ada: Player) -> None:
    page = open_tab(proxy.url)

    proxy.fall_silent()
    points = site.act(ada)
    expect(state_of(page)).not_to_have_text("Live", timeout=SILENCE_NOTICED)
    expect(state_of(page)).to_have_text("Stale", timeout=SILENCE_NOTICED)
    expect(page.locator(".age")).to_have_text(re.compile(r"\d+ sec\. ago"))

    proxy.flow_again()
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_a_half_open_socket_on_a_moving_board_is_found_out_by_asking(
    site: Site, open_tab: OpenTab, proxy: Proxy, ada: Player
) -> None:
    page = open_tab(proxy.url)
    for _ in range(12):
        points = site.act(ada)
        expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)

    proxy.silence_sockets()
    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=15_000)
    expect(state_of(page)).to_have_text("Polling", timeout=HEALED)

    proxy.flow_again()
    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_a_quiet_board_asks_nothing(site: Site, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    page.goto(site.url)
    expect_live(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.clock.run_for(14_000)

    expect(state_of(page)).to_have_text("Live")
    assert asked == []


def test_a_restarted_server_is_found_again(stopped_site: Site, open_tab: OpenTab, ada: Player) -> None:
    page = open_tab(stopped_site.url)

    stopped_site.server.stop()
    expect(state_of(page)).to_have_text("Reconnecting", timeout=HEALED)
    expect(state_of(page)).to_have_text("Stale", timeout=20_000)
    expect(points_of(page, ada)).to_be_visible()

    stopped_site.server.start()
    points = stopped_site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_without_valkey_the_board_goes_on(site: Site, valkey: Valkey, open_tab: OpenTab, ada: Player) -> None:
    page = open_tab(site.url)
    valkey.stop()
    try:
        points = site.act(ada)
        expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
        expect(state_of(page)).to_have_text("Live")
    finally:
        valkey.start()

    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)


def test_without_the_database_the_last_standings_stay_and_their_age_is_said(
    site: Site, postgresql: PostgreSQL, open_tab: OpenTab, ada: Player
) -> None:
    page = open_tab(site.url)
    before = points_of(page, ada).inner_text()
    postgresql.stop()
    try:
        expect(state_of(page)).to_have_text("Stale", timeout=2 * SILENCE_NOTICED)
        assert points_of(page, ada).inner_text() == before
    finally:
        postgresql.start()

    expect_live(page)
    points = site.act(ada)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)


def test_offline_is_said_and_online_heals(site: Site, open_tab: OpenTab, ada: Player) -> None:
    page = open_tab(site.url)

    page.context.set_offline(True)
    expect(state_of(page)).to_have_text("Reconnecting", timeout=HEALED)
    points = site.act(ada)

    page.context.set_offline(False)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_a_hidden_tab_rests_and_is_right_when_shown(site: Site, open_tab: OpenTab, ada: Player) -> None:
    page = open_tab(site.url)
    before = points_of(page, ada).inner_text()

    page.evaluate(HIDE, True)
    expect(state_of(page)).to_have_text("Reconnecting")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: requests.append(socket.url))
    points = site.act(ada)
    # Another tab that connects and shows the update stands for the time in which the hidden one did nothing.
    witness = open_tab(site.url)
    expect(points_of(witness, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    assert points_of(page, ada).inner_text() == before
    assert requests == []

    page.evaluate(HIDE, False)
    expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)
    expect_live(page)


def test_a_machine_that_slept_trusts_nothing_from_before(site: Site, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    page.goto(site.url)
    expect_live(page)

    with page.expect_websocket(timeout=HEALED):
        page.clock.fast_forward("30:00")

    expect_live(page)
