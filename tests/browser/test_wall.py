"""The board on a wall: one screen whatever its shape, complete without a script, live, and loud when it is not."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import HEALED, OpenTab, points_of, state_of, wait_for
from tests.support.ranked_players import NAMES
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

#: What is on the page besides the rows, and ends where the screen does.
SCREENS = [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)]
#: How far what is shown reaches beyond the screen or its own room: nothing does. The spare pixel is that of rounding.
OVERFLOW = """() => {
    const root = document.documentElement;
    const boxes = [...document.querySelectorAll("tbody tr, .masthead, .code, .band, .points .number, .medal")]
        .map((it) => it.getBoundingClientRect());
    const rows = document.querySelector(".rows");
    return [
        root.scrollWidth - innerWidth, root.scrollHeight - innerHeight, rows.scrollHeight - rows.clientHeight,
        Math.round(Math.max(0, ...boxes.map((it) => Math.max(it.right - innerWidth, it.bottom - innerHeight, -it.left, -it.top)))),
    ];
}"""
SIZES = """() => {
    const size = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize) / Math.min(innerWidth, innerHeight);
    return [size("tbody .name"), size(".code-address"), size(".state")];
}"""


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    """Ten with the longest names there can be, in several scripts."""
    players = site.make_players(*[(f"{name} " + "W" * 64)[:64] for name in NAMES[:10]])
    for player in players:
        site.act(player, "leap")
    return players


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_it_is_exactly_one_screen(
    site: Site, players: list[Player], open_tab: OpenTab, width: int, height: int
) -> None:
    for options in ({}, {"java_script_enabled": False, "live": False}):
        page = open_tab(f"{site.url}/wall", viewport={"width": width, "height": height}, **options)
        assert page.locator("tbody tr").count() == 10
        if not options:
            assert page.evaluate(OVERFLOW) == [0, 0, 0, 0]
            # Of the shorter side: letters that are read from ten times as far as the screen is high, and a code that is scanned.
            row, address, state = page.evaluate(SIZES)
            assert row > 0.04
            assert min(address, state) > 0.02
        else:
            last = page.locator("tbody tr").last.bounding_box()
            assert last
            assert last["y"] + last["height"] < height
            expect(page.locator(".state")).to_have_text("Snapshot")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site: Site, players: list[Player], open_tab: OpenTab, scheme: str) -> None:
    complaints: list[str] = []
    page = open_tab(f"{site.url}/wall", color_scheme=scheme, complaints=complaints)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.locator("[style], style, script:not([src])").count() == 0
    assert complaints == []


def test_cut_off_it_says_since_when_across_its_whole_width_and_comes_back(
    site: Site, players: list[Player], proxy: Proxy, open_tab: OpenTab
) -> None:
    page = open_tab("about:blank", live=False, locale="de-DE", viewport={"width": 1080, "height": 1920})
    # Two minutes are waited for by moving the page's own clock, which ages what it shows.
    page.clock.install()
    page.goto(f"{proxy.url}/wall")
    expect(state_of(page)).to_have_text("Live", timeout=HEALED)
    proxy.fall_silent()
    proxy.cut()
    for _ in range(13):
        page.clock.run_for(10_000)
    expect(page.locator(".unmoved")).to_have_text("Seit 2 Min. nicht aktualisiert")
    assert page.locator(".unmoved").evaluate("it => it.scrollWidth - it.clientWidth") == 0
    expect(state_of(page)).to_have_text("Veraltet")
    band = page.locator(".band").bounding_box()
    assert band
    assert (band["x"], band["width"], band["y"] + band["height"]) == (0, 1080, 1920)
    assert page.evaluate(OVERFLOW) == [0, 0, 0, 0]
    faded, muted = (
        page.locator(place).first.evaluate("it => getComputedStyle(it).color") for place in ("tbody .name", "caption")
    )
    assert faded == muted
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()

    proxy.flow_again()
    points = site.act(players[0], "leap")
    page.clock.resume()
    expect(state_of(page)).to_have_text("Live", timeout=HEALED)
    expect(points_of(page, players[0])).to_have_text(f"{points:,}".replace(",", "."), timeout=HEALED)
    expect(page.locator(".unmoved")).to_be_empty()


def press_f(page: Page) -> None:
    page.locator("body").press("f")


def test_the_key_f_leads_from_a_board_to_the_wall_and_fills_the_screen_unless_it_is_off(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab(site.url)
    page.get_by_label("also by the key F").uncheck()
    press_f(page)
    page.get_by_label("also by the key F").check()
    assert page.url == f"{site.url}/"
    press_f(page)
    page.wait_for_url(f"{site.url}/wall")
    expect(state_of(page)).to_have_text("Live", timeout=HEALED)
    press_f(page)
    wait_for(page, "document.fullscreenElement !== null")
    press_f(page)
    wait_for(page, "document.fullscreenElement === null")
    page.get_by_role("button", name="Full screen").click()
    wait_for(page, "document.fullscreenElement !== null")


def test_it_keeps_the_screen_awake_and_puts_the_pointer_away(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    page.add_init_script("""
        window.locks = [];
        Object.defineProperty(navigator, "wakeLock", {value: {request: async (kind) => { window.locks.push(kind); }}});
    """)
    page.goto(f"{site.url}/wall")
    expect(state_of(page)).to_have_text("Live", timeout=HEALED)
    assert page.evaluate("window.locks") == ["screen"]
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(page, "window.locks.length === 2")
    page.mouse.move(50, 50)
    button = page.get_by_role("button", name="Full screen")
    expect(button).to_be_visible()
    page.clock.run_for(5_000)
    expect(button).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).cursor") == "none"
    page.mouse.move(60, 60)
    expect(button).to_be_visible()
