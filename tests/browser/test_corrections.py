"""What the board says beside the standings: which corrections were made lately, and how points are earned."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import HEALED, OpenTab, points_of
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


def assert_accessible(page: Page) -> None:
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


def test_a_correction_shows_on_an_open_board_soon_after_it_and_names_nobody(site: Site, open_tab: OpenTab) -> None:
    ada, ben = site.make_players("Ada", "Ben")
    for _ in range(3):
        site.act(ada)
    site.act(ben)
    page = open_tab(site.url, locale="de-DE", color_scheme="dark")
    notice = page.locator("#corrections")
    expect(points_of(page, ada)).to_have_text("30")
    expect(notice).to_be_hidden()

    site.manage("void", ada.id, "1", "--reason", "a secret")

    expect(points_of(page, ada)).to_have_text("20", timeout=HEALED)
    expect(notice.locator("li")).to_have_count(1, timeout=HEALED)
    expect(notice).to_contain_text("Einträge aufgehoben: 1")
    expect(notice.get_by_role("link")).to_have_attribute("href", "/verify")
    assert [word for word in ("Ada", "a secret", ada.id) if word in notice.inner_text()] == []
    assert_accessible(page)
    rendered = open_tab(site.url, locale="de-DE").locator("#corrections")
    assert rendered.inner_text() == notice.inner_text()


@pytest.mark.parametrize("width", [360, 1366])
def test_the_board_leads_to_what_earns_points(site: Site, open_tab: OpenTab, width: int) -> None:
    site.manage("make_action", "forum-post", "--label", "Forum post " * 10, "--points", "5", "--daily-cap", "200")
    complaints: list[str] = []
    page = open_tab(site.url, complaints=complaints, viewport={"width": width, "height": 740}, color_scheme="dark")
    page.get_by_role("link", name="How do I earn points?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How do I earn points?")
    expect(page.locator("tr[data-action=forum-post] td").first).to_have_text("At most 200 times a day.")
    expect(page.locator("tr[data-action=leap] .points")).to_have_text("1,000")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert_accessible(page)
    assert complaints == []
