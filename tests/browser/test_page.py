"""The page is complete without scripts, safe with them, and says what happens."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import OpenTab, wait_for
from tests.support.ranked_players import NAMES, make_ranked_players
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    return make_ranked_players(site)


@pytest.fixture(scope="module")
def empty_site(postgresql: PostgreSQL) -> Iterator[Site]:
    site = Site(postgresql)
    with site.server:
        yield site


def rows_of(page: Page) -> list[list[str]]:
    rows = page.locator("tbody tr").all()
    return [[row.locator(part).inner_text() for part in (".medal", "bdi", ".number")] for row in rows]


EXPECTED_ROWS = [[str(rank), NAMES[rank - 1], f"{12 - rank},000"] for rank in range(1, 11)]


def test_the_page_is_complete_without_javascript(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab(site.url, live=False, java_script_enabled=False)

    assert rows_of(page) == EXPECTED_ROWS
    expect(page.get_by_role("table", name="The players with the most points")).to_be_visible()
    assert page.get_by_role("columnheader").all_inner_texts() == ["Rank", "Player", "Reached", "Points"]
    expect(page.get_by_text("Ties: whoever got there first is ahead.")).to_be_visible()
    # Playwright switches scripts off after the parser has chosen to hide <noscript>, so this is read, not seen.
    assert "reload it to see news" in page.locator("noscript").inner_text()
    expect(state := page.locator(".state")).to_have_text("Snapshot")
    expect(state).to_be_visible()


def test_scripts_draw_the_same_rows_as_the_server(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    assert rows_of(open_tab(site.url)) == EXPECTED_ROWS


def test_numbers_and_words_follow_the_reader_s_language(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    for options in ({}, {"java_script_enabled": False, "live": False}):
        page = open_tab(site.url, locale="de-DE", **options)
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.locator(".number").first.inner_text() == "11.000"
        expect(page.get_by_text("Bei Gleichstand liegt vorn, wer zuerst dort war.")).to_be_visible()


def test_the_strict_policy_is_never_broken(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    complaints: list[str] = []
    for path in ("/", "/embed?theme=dark&rows=3&title=Quiz", "/login"):
        page = open_tab(site.url + path, live=path != "/login", complaints=complaints)
        assert page.locator("[style], style, script:not([src]), [onclick]").count() == 0
    assert complaints == []


def test_no_request_leaves_the_site(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    addresses: list[str] = []
    page.on("response", lambda response: addresses.append(response.url))
    page.goto(site.url)
    page.wait_for_selector(".state[data-state=live]")

    assert [address for address in addresses if not address.startswith(site.url)] == []


def test_the_empty_board_says_how_to_earn_points_until_somebody_does(empty_site: Site, open_tab: OpenTab) -> None:
    page = open_tab(empty_site.url)
    expect(page.get_by_text("Nobody has points yet.")).to_be_visible()
    assert rows_of(page) == []
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()

    [player] = empty_site.make_players("First")
    empty_site.act(player)

    expect(page.locator(".number")).to_have_text("10")
    expect(page.get_by_text("Nobody has points yet.")).to_be_hidden()
    assert rows_of(page) == [["1", "First", "10"]]


def test_reduced_motion_means_none(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab(site.url, reduced_motion="reduce")
    page.evaluate("""() => {
        window.animations = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...all) { window.animations += 1; return animate.apply(this, all); };
    }""")

    for _ in range(2):
        site.act(players[9], "leap")
    site.act(players[10], "leap")

    expect(page.locator("tr.rose").first).to_be_visible()
    assert page.evaluate("window.animations") == 0
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_chosen_theme_is_kept_and_beats_the_device(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(site.url, color_scheme="light")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("radio", name="Dark").check()
    page.reload()

    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_the_theme_can_be_chosen_by_keyboard(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(site.url)
    page.get_by_role("radio", name="As the device").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_the_embed_takes_theme_rows_and_title(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/embed?theme=dark&rows=3&title=Quiz+%3Cb%3Enight")

    expect(page.get_by_role("heading")).to_have_text("Quiz <b>night")
    assert len(rows_of(page)) == 3
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgba(0, 0, 0, 0)"
    site.act(players[0], "leap")
    expect(page.locator(".number").first).not_to_have_text("11,000")
    assert len(rows_of(page)) == 3


def test_error_pages_have_the_site_s_style(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/no-such-page", live=False)
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.get_by_role("link", name="To the board").click()
    expect(page.get_by_role("heading", name="Top 10")).to_be_visible()


def test_a_reader_is_told_the_news_once_in_a_while_not_each_change(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab(site.url)
    page.evaluate("""() => {
        window.messages = [];
        const place = document.querySelector("#announcements");
        new MutationObserver(() => window.messages.push(place.textContent)).observe(place, {childList: true});
    }""")
    [newcomer] = site.make_players("Heard of")
    for _ in range(16):
        site.act(newcomer, "leap")
        site.act(players[0], "step")

    wait_for(page, "window.messages.join().includes('Heard of leads with')", milliseconds=14_000)
    assert page.evaluate("window.messages.length") <= 2
