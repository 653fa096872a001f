"""The pages of the desk as an investigator meets them: readable by everyone, on every screen, without a foreign script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.browser_steps import OpenTab, open_desk, open_player, wait_for
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_front_page_and_a_players_page(desk: Site, open_tab: OpenTab, scheme: str) -> None:
    complaints: list[str] = []
    page = open_desk(desk, open_tab, complaints=complaints, color_scheme=scheme)
    front = Axe().run(page)
    open_player(page, "Mallory")
    player = Axe().run(page)

    assert front.violations_count == 0, front.generate_report()
    assert player.violations_count == 0, player.generate_report()
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_scrolls_sideways(desk: Site, open_tab: OpenTab, width: int) -> None:
    page = open_desk(desk, open_tab, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width

    open_player(page, "Mallory")

    assert page.evaluate("document.documentElement.scrollWidth") == width


#: Below the list of boards, which is Django's own: a board, and a new one with its preview.
BOARD_PAGES = ("0/change/", "make/?slug=week&label=Week&counts=*&rule=sum&span=week&zone=UTC")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_boards(desk: Site, open_tab: OpenTab, scheme: str) -> None:
    complaints: list[str] = []
    page = open_desk(desk, open_tab, complaints=complaints, color_scheme=scheme)
    for path in BOARD_PAGES:
        page.goto(f"{desk.url}/admin/scores/board/{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_of_boards_scrolls_sideways(desk: Site, open_tab: OpenTab, width: int) -> None:
    page = open_desk(desk, open_tab, viewport={"width": width, "height": 900})
    for path in BOARD_PAGES:
        page.goto(f"{desk.url}/admin/scores/board/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_table_wider_than_a_phone_is_scrolled_by_the_keyboard(desk: Site, open_tab: OpenTab) -> None:
    page = open_desk(desk, open_tab, viewport={"width": 280, "height": 900})
    open_player(page, "Mallory")
    page.goto(page.url.replace("/player/", "/act/freeze/"))
    box = page.get_by_role("group", name="The board after it")
    box.focus()

    page.keyboard.press("ArrowRight")

    wait_for(page, "document.activeElement.scrollLeft > 0")


def test_the_theme_switch_of_the_admin_recolours_the_pictures(desk: Site, open_tab: OpenTab) -> None:
    page = open_desk(desk, open_tab, color_scheme="light")
    page.wait_for_load_state("load")
    colour = "getComputedStyle(document.querySelector('.chart .bar')).fill"
    light = page.evaluate(colour)

    for theme, comparison in (("dark", "!=="), ("light", "===")):
        page.get_by_role("button", name="Toggle theme").click()
        wait_for(page, f"document.documentElement.dataset.theme === '{theme}'")
        wait_for(page, f"{colour} {comparison} '{light}'")


#: 64 characters without a space, from right to left, and where words have no spaces.
NAMES = (
    "W" * 64,
    "\u0645\u062d\u0645\u062f \u0628\u0646 \u0639\u0628\u062f \u0627\u0644\u0644\u0647",
    "\u674e\u738b\u4f1f\u306e\u5f97\u70b9\u677f",
    "Zs\u00f3fia",
)
#: Beside the lists that the front page links: the periods of a board, and what the search of the whole desk finds.
OTHER_LISTS = ("/admin/scores/board/0/change/", "/admin/find/?q=zsofia")
#: What is cut off or too small to be hit, as (what, its text); `width` is that of the window.
FAULTS = """(isPhone) => {
    const shown = (element) => element.checkVisibility() && getComputedStyle(element).clipPath === "none";
    const faults = [];
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    if (wide > 0) faults.push(["the page is too wide", String(wide)]);
    for (const cell of document.querySelectorAll("table.cards tbody :is(td, th)")) {
        const { left, right } = cell.getBoundingClientRect();
        if (!shown(cell)) continue;
        if (left < 0 || right > window.innerWidth + 0.5 || cell.scrollWidth > cell.clientWidth + 1)
            faults.push(["cut", cell.dataset.heading + ": " + cell.innerText]);
    }
    if (isPhone)
        for (const button of document.querySelectorAll(
            "button, summary, select, .button, .object-tools a, .paginator a, table.cards a, #changelist-filter a, " +
            "input:not([type=hidden], [type=checkbox], [type=radio])"))
            if (shown(button) && button.getBoundingClientRect().height < 44)
                faults.push(["too small", button.outerHTML.slice(0, 120)]);
    return faults;
}"""


@pytest.fixture(scope="module")
def crowded(desk: Site) -> Site:
    """The same desk, with players whose names are long, from right to left, or in another script."""
    for player in desk.make_players(*NAMES):
        desk.act(player, "step")
    return desk


def list_lists(page: Page) -> list[str]:
    """Every list there is, as the front page links them, and those that lie elsewhere."""
    links = page.locator("#content-main .module tbody th a").all()
    return [*(link.get_attribute("href") or "" for link in links), *OTHER_LISTS]


@pytest.mark.parametrize("width", [360, 768, 1366, 1920])
def test_every_list_shows_all_its_columns_and_has_buttons_that_fingers_hit(
    crowded: Site, open_tab: OpenTab, width: int
) -> None:
    page = open_desk(crowded, open_tab, viewport={"width": width, "height": 900})
    lists = list_lists(page)
    assert len(lists) > 10
    faults = {}
    for path in lists:
        page.goto(crowded.url + path)
        assert page.locator("table.cards tbody tr").count() > 0 or "group" in path, path
        faults[path] = page.evaluate(FAULTS, width < 768)
    assert {path: found for path, found in faults.items() if found} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1366])
def test_axe_finds_nothing_on_any_list(crowded: Site, open_tab: OpenTab, scheme: str, width: int) -> None:
    complaints: list[str] = []
    page = open_desk(
        crowded, open_tab, complaints=complaints, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    for path in list_lists(page):
        page.goto(crowded.url + path)
        found = Axe().run(page)
        assert found.violations_count == 0, (path, found.generate_report())
    assert complaints == []
