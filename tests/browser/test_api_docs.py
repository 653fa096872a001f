"""The description of the API as people read it: named, in a language, with a way back, and usable by everyone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser_steps import OpenTab
from tests.support.site import Site

pytestmark = pytest.mark.postgresql
#: How Swagger UI nests its buttons, headings and landmarks, and that an example is scrolled by the pointer alone, is its own.
SWAGGERS_OWN = ("nested-interactive", "heading-order", "region", "scrollable-region-focusable")
RULES = {"rules": {rule: {"enabled": False} for rule in SWAGGERS_OWN}}


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_usable_by_everyone(site: Site, open_tab: OpenTab, scheme: str, width: int) -> None:
    page = open_tab(f"{site.url}/api/docs", live=False, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.wait_for_selector(".swagger-ui .opblock")
    page.locator(".opblock-summary-control").first.click()
    page.wait_for_selector(".responses-wrapper")
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_it_says_what_it_is_and_leads_back_to_the_board(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/api/docs", live=False)
    expect(page).to_have_title("Scoreboard: API")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("link", name="Scoreboard: to the board").click()
    expect(page.get_by_role("heading", name="Top 10")).to_be_visible()
