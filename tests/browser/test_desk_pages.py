"""The pages of the desk as an investigator meets them: readable by everyone, on every screen, without a foreign script."""

import pytest
from axe_playwright_python.sync_playwright import Axe

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
    page = open_desk(desk, open_tab, viewport={"width": 390, "height": 900})
    open_player(page, "Mallory")
    box = page.get_by_role("group", name="Newest entries")
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
