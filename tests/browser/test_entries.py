"""The list of entries and one entry's page, as an investigator meets them."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import OpenTab, open_desk
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


def open_entry(desk: Site, page: Page) -> None:
    page.goto(f"{desk.url}/admin/audit/auditentry/")
    page.locator("#result_list a").first.click()
    expect(page.get_by_role("row", name="Seal holds")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_list_and_on_an_entrys_page(desk: Site, open_tab: OpenTab, scheme: str) -> None:
    complaints: list[str] = []
    page = open_desk(desk, open_tab, complaints=complaints, color_scheme=scheme)
    page.goto(f"{desk.url}/admin/audit/auditentry/")
    entries = Axe().run(page)
    open_entry(desk, page)
    # Before axe, which itself breaks the policy where a style sheet imports another.
    assert complaints == []
    entry = Axe().run(page)

    assert entries.violations_count == 0, entries.generate_report()
    assert entry.violations_count == 0, entry.generate_report()


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_scrolls_sideways(desk: Site, open_tab: OpenTab, width: int) -> None:
    page = open_desk(desk, open_tab, viewport={"width": width, "height": 900})
    page.goto(f"{desk.url}/admin/audit/auditentry/")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    open_entry(desk, page)

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_filters_are_typed_kept_and_left_again(desk: Site, open_tab: OpenTab) -> None:
    page = open_desk(desk, open_tab)
    page.goto(f"{desk.url}/admin/audit/auditentry/")
    # Once opened they stay open from page to page.
    page.locator(".list-filters > summary").click()
    page.get_by_role("link", name="Self-reported").click()
    page.get_by_label("Address", exact=True).fill("203.0.113.99")
    page.get_by_label("Address", exact=True).press("Enter")

    expect(page.get_by_text("0 shown")).to_be_visible()
    page.get_by_role("link", name="Any address").click()
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    expect(page).to_have_url(f"{desk.url}/admin/audit/auditentry/?verified=no")
