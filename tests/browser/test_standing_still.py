"""A page whose scripts do not start says so and stays right by reloading, and no other page does."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser_steps import HEALED, OpenTab
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

SENTENCE = re.compile("could not start the live updates.*reloads itself every 30 seconds")


@pytest.fixture(scope="module")
def ada(site: Site) -> Player:
    [ada] = site.make_players("Ada")
    site.act(ada)
    return ada


def speak_no_modules(page: Page) -> None:
    """As a browser does that is too old for modules: it takes them for data of a kind it does not know."""

    def rewrite(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('type="module"', 'type="unknown"'))

    page.route(re.compile(r"/(embed)?$"), rewrite)


def let_no_module_through(page: Page) -> None:
    page.route("**/scoreboard-watch*.js", lambda route: route.abort())


def break_a_module(page: Page) -> None:
    """As for a browser that knows modules, but not all that is written in ours."""
    page.route(
        "**/standings-table*.js",
        lambda route: route.fulfill(body="this is ?? of the future", content_type="text/javascript"),
    )


@pytest.mark.parametrize("trouble", [speak_no_modules, let_no_module_through, break_a_module])
@pytest.mark.parametrize("path", ["/", "/embed"])
def test_it_says_so_and_reloads(site: Site, ada: Player, open_tab: OpenTab, path: str, trouble: object) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    assert callable(trouble)
    trouble(page)
    page.goto(site.url + path)
    expect(page.get_by_text(SENTENCE)).to_be_visible()
    expect(page.locator(".state")).to_have_text("Snapshot")

    points = site.act(ada)
    page.clock.run_for(31_000)

    expect(page.locator(".number")).to_have_text(f"{points}", timeout=HEALED)
    expect(page.get_by_text(SENTENCE)).to_be_visible()


def test_while_the_server_is_away_it_waits(site: Site, ada: Player, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    let_no_module_through(page)
    page.goto(site.url)
    expect(page.get_by_text(SENTENCE)).to_be_visible()

    site.server.stop()
    try:
        with page.expect_event("requestfailed", timeout=HEALED):
            page.clock.run_for(31_000)
        expect(page.get_by_text(SENTENCE)).to_be_visible()
    finally:
        site.server.start()
    points = site.act(ada)
    page.unroute_all()
    page.clock.run_for(31_000)

    expect(page.locator(".state")).to_have_text("Live", timeout=HEALED)
    expect(page.locator(".number")).to_have_text(f"{points}")


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_a_page_that_is_alive_says_nothing_of_it(site: Site, ada: Player, open_tab: OpenTab, path: str) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    page.goto(site.url + path)
    expect(page.locator(".state")).to_have_text("Live", timeout=HEALED)
    loaded = page.evaluate("performance.timeOrigin")

    page.clock.run_for(61_000)

    expect(page.get_by_text(SENTENCE)).to_be_hidden()
    assert page.evaluate("performance.timeOrigin") == loaded
