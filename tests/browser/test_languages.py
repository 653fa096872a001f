"""Every page in every language: the right words the right way round, nothing cut, and formats of the reader's own country."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.site import Site

pytestmark = pytest.mark.postgresql

#: Where a reader lives, what a number of ours looks like there, what a clock of theirs shows in Berlin.
LATIN_CLOCK = r"\d\d:\d\d:\d\d (GMT|UTC)\+[12]"
READERS = {
    "en-GB": ("12,000", r"\d\d:\d\d:\d\d CES?T"),
    "de-DE": ("12.000", r"\d\d:\d\d:\d\d MES?Z"),
    "es-ES": ("12.000", r"\d\d:\d\d:\d\d CES?T"),
    "fr-FR": ("12\u202f000", r"\d\d:\d\d:\d\d (CES?T|UTC\+[12])"),
    "pt-BR": ("12.000", LATIN_CLOCK),
    "ar-EG": ("12,000", r"\d\d:\d\d:\d\d [صم] غرينتش\+[12]"),
    "ja-JP": ("12,000", LATIN_CLOCK),
}
NEAR_BERLIN = {"timezone_id": "Europe/Berlin"}


@pytest.fixture(scope="module")
def site(boards_site: Site) -> Site:
    [leader] = boards_site.make_players("Zoë ألف 花子")
    for _ in range(12):
        boards_site.act(leader, "leap")
    return boards_site


def edges(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["x"], box["x"] + box["width"]


@pytest.mark.parametrize("locale", READERS)
def test_every_page_reads_right_at_every_size(site: Site, open_tab: OpenTab, locale: str) -> None:
    language = locale.partition("-")[0]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    page = open_tab("about:blank", live=False, locale=locale, viewport={"width": 360, "height": 740})
    for path in (
        "/",
        f"/boards/daily/{yesterday:%Y-%m-%d}",
        "/players?name=Player",
        "/login",
        "/verify",
        "/no-such-page",
    ):
        page.set_viewport_size({"width": 360, "height": 740})
        page.goto(site.url + path)
        if path == "/":
            page.wait_for_selector(".state[data-state=live]")
            assert page.evaluate(SHIFT) == 0
        root = page.locator("html")
        assert root.get_attribute("lang") == language
        assert root.evaluate("it => getComputedStyle(it).direction") == ("rtl" if language == "ar" else "ltr")
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.set_viewport_size({"width": 1366, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth") == 1366, path


@pytest.mark.parametrize("locale", READERS)
def test_formats_are_the_reader_s_and_nothing_flickers(site: Site, open_tab: OpenTab, locale: str) -> None:
    number, clock = READERS[locale]
    still = open_tab(site.url, live=False, java_script_enabled=False, locale=locale)
    assert still.locator(".number").first.inner_text() == number
    assert still.locator(".as-of time").inner_text().endswith(" UTC")

    live = open_tab(site.url, locale=locale, **NEAR_BERLIN)

    assert live.locator(".number").first.inner_text() == number
    assert re.fullmatch(clock, live.locator(".as-of time").inner_text().replace("\u202f", " "))


def test_formats_are_the_page_s_where_it_is_not_in_the_reader_s_language(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/language?to=de&next=/", locale="en-GB", **NEAR_BERLIN)
    assert page.locator(".number").first.inner_text() == "12.000"
    assert re.fullmatch(r"\d\d:\d\d:\d\d MES?Z", page.locator(".as-of time").inner_text())


@pytest.mark.parametrize("scripts", [True, False])
def test_the_language_is_chosen_on_any_page_and_stays(site: Site, open_tab: OpenTab, scripts: bool) -> None:
    page = open_tab(f"{site.url}/players?name=Player", live=False, java_script_enabled=scripts)
    before = page.locator("tbody bdi").all_inner_texts()

    page.get_by_role("form", name="Language").get_by_role("button", name="العربيّة").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("المشاركون")
    assert page.url == f"{site.url}/players?name=Player"
    assert page.locator("tbody bdi").all_inner_texts() == before
    page.goto(f"{site.url}/no-such-page")
    expect(page.get_by_role("heading", name="لا شيء هنا")).to_be_visible()
    page.get_by_role("form", name="اللغة").get_by_role("button", name="日本語").click()
    expect(page.get_by_role("heading", name="ここには何もありません")).to_be_visible()
    assert page.url == f"{site.url}/no-such-page"


def test_a_board_read_from_the_right_begins_there(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(site.url, locale="ar-EG")
    left, right = edges(page, ".standings")
    assert edges(page, "tbody .medal")[0] > edges(page, "tbody bdi")[1] - 1 > edges(page, "tbody .number")[1]
    assert edges(page, "tbody .number")[0] - left < 10
    second = "tbody tr:nth-child(2) rect"
    assert abs(edges(page, second)[1] - right) < 1
    assert edges(page, second)[0] > left + 100
    # A name goes its own way, and stands where names begin.
    assert page.locator("tbody bdi").first.evaluate("it => getComputedStyle(it).textAlign") == "right"
    later = open_tab(f"{site.url}/boards/weekly", live=False, locale="ar-EG").locator(".earlier [aria-hidden]")
    assert later.evaluate("it => getComputedStyle(it).scale") == "-1 1"


def test_the_embed_speaks_as_its_address_says(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/embed?board=weekly&lang=ja", locale="de-DE", **NEAR_BERLIN)
    expect(page.locator(".state-word")).to_have_text("ライブ")
    assert page.locator(".number").first.inner_text() == "12,000"
