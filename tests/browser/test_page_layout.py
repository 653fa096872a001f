"""The page at every size, in every font and scheme: nothing shifts, nothing overflows, and everybody can read it."""

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.ranked_players import make_ranked_players
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    return make_ranked_players(site)


def test_nothing_shifts_while_the_page_comes_alive(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    for width, height in ((360, 740), (1366, 768), (1920, 1080)):
        page = open_tab(site.url, viewport={"width": width, "height": height})
        assert page.evaluate(SHIFT) == 0


def test_nothing_shifts_while_the_page_comes_bit_by_bit(
    site: Site, players: list[Player], open_tab: OpenTab, proxy: Proxy
) -> None:
    """The foot stands on the ground of the window: as it came, it grew upwards."""
    paths = ("/", "/boards", "/verify", "/wall", "/no-such-page")
    page = open_tab("about:blank", live=False, viewport={"width": 1366, "height": 1400})
    for is_slow in (False, True):
        if is_slow:  # Only the page is: the rest is in the browser's cache by now.
            proxy.slow_down()
        for path in paths:
            page.goto(proxy.url + path)
            page.wait_for_load_state("networkidle")
            assert (path, page.evaluate(SHIFT)) == (path, 0)


def measure(page: Page) -> list[list[float]]:
    """Where everything stands that scripts fill anew."""
    boxes: list[list[float]] = page.locator(
        ".masthead, .freshness, .as-of, .standings, .standings :is(th, td)"
    ).evaluate_all(
        "(all) => all.map((it) => { const {x, y, width, height} = it.getBoundingClientRect(); return [x, y, width, height]; })"
    )
    return boxes


@pytest.mark.parametrize(
    ("path", "locale", "font"),
    [
        ("/", "en-US", "sans-serif"),
        ("/", "de-DE", "serif"),
        ("/", "de-DE", "monospace"),
        ("/embed", "en-US", "monospace"),
    ],
)
def test_scripts_move_nothing_whatever_the_font(
    site: Site, players: list[Player], open_tab: OpenTab, path: str, locale: str, font: str
) -> None:
    """A machine without the fonts of the style sheet takes what it has, which may be wider by a third."""
    for width, height in ((360, 740), (768, 1024), (1920, 1080)):
        measured = []
        for scripts in (False, True):
            page = open_tab("about:blank", live=False, locale=locale, viewport={"width": width, "height": height})
            page.route("**/board.css", use_font(font))
            if not scripts:
                page.route("**/board.js", lambda route: route.abort())
            page.goto(site.url + path)
            page.wait_for_selector(f".state[data-state={'live' if scripts else 'snapshot'}]")
            measured.append(measure(page))
        assert measured[0] == measured[1], (width, height)


def use_font(font: str) -> Callable[[Route], None]:
    """Answers with the style sheet of the site, but for the fonts."""

    def answer(route: Route) -> None:
        sheet = route.fetch()
        route.fulfill(response=sheet, body=f"{sheet.text()}\n:root {{ --sans: {font}; --serif: {font}; }}")

    return answer


@pytest.mark.parametrize("path", ["/", "/embed", "/login", "/no-such-page"])
def test_a_phone_needs_no_sideways_scrolling(site: Site, players: list[Player], open_tab: OpenTab, path: str) -> None:
    page = open_tab(site.url + path, live=path in ("/", "/embed"), viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_wall_shows_all_ten_rows_at_once(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab(site.url, viewport={"width": 1920, "height": 1080})
    box = page.locator("tbody tr").last.bounding_box()
    assert box
    assert box["y"] + box["height"] < 1080
    assert box["height"] > 70
    assert page.evaluate("document.documentElement.scrollHeight") == 1080


def test_paper_is_black_on_white_with_date_and_address_whatever_the_theme(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab(site.url, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    ink = page.locator("tbody bdi").first.evaluate("it => getComputedStyle(it).color")
    assert (ink, page.locator(".as-of").evaluate("it => getComputedStyle(it).color")) == (
        "rgb(0, 0, 0)",
        "rgb(51, 51, 51)",
    )
    expect(page.locator(".as-of .date")).to_have_text(page.evaluate("new Date().toLocaleDateString('en')"))
    expect(page.locator(".printed")).to_have_text(f"127.0.0.1:{site.server.port}/")
    for hidden in (".top", ".foot", ".state"):
        expect(page.locator(hidden)).to_be_hidden()


def test_forced_colours_show_which_theme_is_chosen(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab(site.url, forced_colors="active", color_scheme="light")
    shapes = page.locator(".theme-shape").all()
    assert {shape.evaluate("it => getComputedStyle(it).borderColor") for shape in shapes} == {"rgb(0, 0, 0)"}
    outlines = [shape.evaluate("it => getComputedStyle(it.parentElement).outlineStyle") for shape in shapes]
    assert outlines == ["solid", "none", "none"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/embed", "/embed?theme=dark", "/login", "/no-such-page"])
def test_axe_finds_nothing(site: Site, players: list[Player], open_tab: OpenTab, path: str, scheme: str) -> None:
    page = open_tab(site.url + path, live=path.startswith(("/embed", "/?")) or path == "/", color_scheme=scheme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_ten_digits_and_a_long_name_fit_a_phone(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False, viewport={"width": 360, "height": 740})
    frame = {"event": "scoreboardUpdate", "data": {"as_of": "2999-01-01T00:00:00.000000Z", "entries": ENORMOUS}}
    page.route_web_socket("**/ws/scoreboard", lambda socket: socket.send(json.dumps(frame)))
    page.goto(site.url)

    expect(page.locator(".number").first).to_have_text("9,999,999,999")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    right_edges = {round(it.bounding_box()["x"] + it.bounding_box()["width"]) for it in page.locator(".number").all()}  # type: ignore[index]
    assert len(right_edges) == 1
    assert "tabular-nums" in page.locator(".number").first.evaluate("it => getComputedStyle(it).fontVariantNumeric")


ENORMOUS = [
    {
        "rank": rank,
        "player": f"{rank}",
        "name": "W" * 64,
        "score": 10**10 - rank,
        "reached_at": "2026-11-24T12:00:00.000000Z",
    }
    for rank in range(1, 11)
]


def test_the_first_three_are_marked_by_shape_where_colours_are_forced(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab(site.url, forced_colors="active")
    styles = page.locator("tbody .medal").evaluate_all(
        "(medals) => medals.map((it) => { const style = getComputedStyle(it); return style.borderStyle + style.borderRadius; })"
    )
    assert len(set(styles[:4])) == 4
    assert styles[3:] == [styles[3]] * 7
