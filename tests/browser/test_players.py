"""Players are found by name and shown as everybody may see them; and every page of boards and players is for everybody to read."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def leader(boards_site: Site) -> str:
    """Who leads the board of everything."""
    _, body = boards_site.request("GET", "/api/boards/main", {})
    player: str = json.loads(body)["entries"][0]["player"]
    return player


@pytest.mark.parametrize("scripts", [True, False])
def test_a_player_is_found_whatever_the_accents_and_shown(boards_site: Site, open_tab: OpenTab, scripts: bool) -> None:
    page = open_tab(f"{boards_site.url}/boards/ever", live=scripts, java_script_enabled=scripts)
    page.get_by_role("searchbox", name="Find a player").fill("MULLER")
    page.get_by_role("searchbox", name="Find a player").press("Enter")
    page.wait_for_url("**/players?name=MULLER")
    page.get_by_role("link", name="Zoë Müller").click()
    expect(page.get_by_role("heading", name="Zoë Müller", level=1)).to_be_visible()
    pictures = page.get_by_role("img")
    expect(pictures).to_have_count(2)
    expect(page.get_by_role("img", name="Points over the last 90 days")).to_be_visible()
    assert page.get_by_role("table").get_by_role("rowheader").count() >= 4


def test_from_a_standing_one_comes_to_the_rows_around_it(boards_site: Site, open_tab: OpenTab, leader: str) -> None:
    page = open_tab(f"{boards_site.url}/players/{leader}", live=False)
    page.get_by_role("table").get_by_role("link", name="Most acts").click()
    page.wait_for_url(f"**/boards/ever/all?around={leader}")
    row = page.locator(".sought")
    expect(row).to_have_attribute("data-player", leader)
    row.get_by_role("link").click()
    page.wait_for_url(f"**/players/{leader}")


def test_names_on_the_main_page_lead_to_their_players_and_those_of_the_embed_nowhere(
    boards_site: Site, open_tab: OpenTab, leader: str
) -> None:
    page = open_tab(f"{boards_site.url}/embed")
    assert page.locator("tbody a").count() == 0
    page.goto(boards_site.url)
    page.wait_for_selector(".state[data-state=live]")
    page.locator(".standings a").first.click()
    page.wait_for_url(f"**/players/{leader}")
    page.get_by_role("link", name="Boards", exact=True).click()
    page.wait_for_url("**/boards")


def pages(leader: str) -> list[str]:
    return [
        "/boards", "/boards/daily", "/boards/weekly", "/boards/fastest", "/boards/ever", "/boards/ever/all?around=" + leader,
        "/boards/daily/2020-02-29", "/players", "/players?name=player", f"/players/{leader}", "/embed?board=fastest",
    ]  # fmt: skip


def check(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(boards_site: Site, open_tab: OpenTab, leader: str, scheme: str) -> None:
    for path in pages(leader):
        page = open_tab(boards_site.url + path, live=False, color_scheme=scheme)
        page.wait_for_load_state("networkidle")
        check(page)
        page.context.close()


def test_a_phone_needs_no_sideways_scrolling_and_nothing_shifts(
    boards_site: Site, open_tab: OpenTab, leader: str
) -> None:
    for path in pages(leader):
        for locale in ("en-US", "de-DE"):
            page = open_tab(boards_site.url + path, live=False, viewport={"width": 360, "height": 740}, locale=locale)
            page.wait_for_load_state("networkidle")
            assert (page.evaluate("document.documentElement.scrollWidth"), page.evaluate(SHIFT)) == (360, 0), path
            page.context.close()


def test_where_colours_are_forced_the_curve_is_seen(boards_site: Site, open_tab: OpenTab, leader: str) -> None:
    page = open_tab(f"{boards_site.url}/players/{leader}", live=False, forced_colors="active")
    stroke, text = page.evaluate(
        "[getComputedStyle(document.querySelector('.curve')).stroke, getComputedStyle(document.body).color]"
    )
    assert stroke == text
