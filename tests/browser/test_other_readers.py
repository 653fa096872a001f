"""Readers other than the one at the developer's desk: on paper, with large text, with a clock that is wrong."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.support.browser_steps import HEALED, OpenTab
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

NAMES = [
    "Ada Lovelace",
    "محمد الخوارزمي 2",
    "W" * 64,
    "Maximiliana von und zu Hohenberg-Schwarzenfels, die Dritte, jr.",
]
#: Of the darkest ink that is still read as dark on paper.
IS_DARK = """(selector) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = getComputedStyle(document.querySelector(selector)).color;
    canvas.fillRect(0, 0, 1, 1);
    return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)) < 140;
}"""
CUT_OFF = """() => [...document.querySelectorAll("td, th, h1, .state, .as-of, .you, .top > *")]
    .filter((it) => it.getClientRects().length && !it.closest(".unseen"))
    .filter((it) => { const box = it.getBoundingClientRect(); return box.left < -1 || box.right > innerWidth + 1; })
    .map((it) => it.className)"""


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    players = site.make_players(*NAMES)
    for player in players:
        site.act(player, "leap")
    return players


@pytest.mark.parametrize(("path", "theme"), [("/", "dark"), ("/embed?theme=dark", None)])
def test_what_is_printed_is_dark_on_white_and_whole(
    site: Site, players: list[Player], open_tab: OpenTab, path: str, theme: str | None
) -> None:
    page = open_tab(site.url + path, viewport={"width": 700, "height": 900})
    if theme:
        page.get_by_role("radio", name="Dark").check()
    assert not page.evaluate(IS_DARK, "tbody bdi")

    page.emulate_media(media="print")

    for selector in ("tbody bdi", ".number", "h1", ".as-of", "thead th"):
        assert page.evaluate(IS_DARK, selector), selector
    widths = page.locator("tbody bdi").evaluate_all("(names) => names.map((it) => it.scrollWidth - it.clientWidth)")
    assert max(widths) <= 0


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["/", "/embed", "/login"])
def test_text_twice_as_large_is_cut_off_nowhere(
    site: Site, players: list[Player], open_tab: OpenTab, path: str, width: int
) -> None:
    page = open_tab("about:blank", live=False, viewport={"width": width, "height": 768})
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    page.goto(site.url + path)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_wrong_makes_nothing_look_old(
    site: Site, players: list[Player], open_tab: OpenTab, hours: int
) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
    page.route_web_socket("**/ws/scoreboard", lambda socket: socket.close())
    page.route("**/api/score/top", lambda route: route.abort())
    page.goto(site.url)
    page.clock.run_for(1_500)

    expect(page.locator(".state")).to_have_text("Reconnecting", timeout=HEALED)
    expect(page.locator(".age")).to_have_text(re.compile(r"^(|[1-5] sec\. ago)$"))
    page.unroute_all()
    page.clock.run_for(4_000)
    expect(page.locator(".state")).to_have_text("Polling", timeout=HEALED)
    expect(page.locator(".age")).to_have_text(re.compile(r"^(|[1-5] sec\. ago)$"))
