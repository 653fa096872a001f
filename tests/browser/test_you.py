"""You are here: a signed-in player sees where they stand, live, also below the top 10."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.support.browser_steps import HEALED, SHIFT, OpenTab, sign_in
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def crowd(site: Site) -> list[Player]:
    """Eleven ahead of everyone who joins later: 110 points down to 10."""
    players = site.make_players(*(f"Player {number}" for number in range(11)))
    for number, player in enumerate(players):
        for _ in range(11 - number):
            site.act(player)
    return players


def place_of(page: Page) -> list[str]:
    return [page.locator(f"#you {part}").inner_text() for part in (".your-rank", ".your-points", ".your-distance")]


def rank_of(page: Page) -> Locator:
    return page.locator("#you .your-rank")


def test_the_way_from_no_points_to_the_lead_is_told_live(site: Site, crowd: list[Player], open_tab: OpenTab) -> None:
    page, climber = sign_in(site, open_tab, "climber")
    expect(page.get_by_text("No points yet: your first ones put you on the board.")).to_be_visible()

    site.act(climber)
    expect(rank_of(page)).to_have_text("12", timeout=HEALED + 2_000)
    assert place_of(page) == ["12", "10", "1"]
    expect(page.locator("#you .your-next bdi")).to_have_text("Player 10")
    expect(page.locator("tr[aria-current]")).to_have_count(0)

    for _ in range(5):
        site.act(climber)
    expect(rank_of(page)).to_have_text("7", timeout=HEALED)
    assert place_of(page) == ["7", "60", "1"]
    own = page.locator(f"tr[data-player='{climber.id}']")
    expect(own).to_have_attribute("aria-current", "true")
    expect(own.get_by_text("you", exact=True)).to_be_visible()
    expect(page.locator("tbody tr[aria-current]")).to_have_count(1)

    site.act(climber, "leap")
    expect(page.get_by_text("You lead.")).to_be_visible(timeout=HEALED)
    expect(rank_of(page)).to_have_text("1")
    expect(page.locator("#you .your-next")).to_be_hidden()

    site.manage("freeze", climber.id, "--reason", "to see it")
    expect(page.get_by_text("Your score is frozen and not on the board.")).to_be_visible(timeout=HEALED + 2_000)


def test_others_who_move_below_the_top_move_the_own_rank(site: Site, crowd: list[Player], open_tab: OpenTab) -> None:
    page, me = sign_in(site, open_tab, "left-behind")
    [other] = site.make_players("Overtaker")
    site.act(me)
    expect(rank_of(page)).to_have_text(re.compile(r"\d"), timeout=HEALED + 2_000)
    rank = int(rank_of(page).inner_text())

    site.act(other)
    site.act(other)

    expect(rank_of(page)).to_have_text(str(rank + 1), timeout=HEALED + 2_000)


def test_it_is_there_without_scripts_in_german_and_shifts_nothing(
    site: Site, crowd: list[Player], open_tab: OpenTab
) -> None:
    page, me = sign_in(site, open_tab, "plain", java_script_enabled=False, locale="de-DE")
    site.act(me)
    page.reload()
    expect(page.get_by_role("region", name="Hier stehst du")).to_contain_text("Punkte zum Überholen von")
    assert re.fullmatch(r"\d+", place_of(page)[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scrolling(
    site: Site, crowd: list[Player], open_tab: OpenTab, scheme: str
) -> None:
    page, me = sign_in(
        site, open_tab, f"long-name-{'w' * 40}-{scheme}", color_scheme=scheme, viewport={"width": 360, "height": 740}
    )
    site.act(me, "leap")
    expect(page.locator("tr[aria-current]")).to_be_visible(timeout=HEALED)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.reload()
    page.wait_for_selector(".state[data-state=live]")
    assert page.evaluate(SHIFT) == 0
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_signed_out_in_another_tab_it_goes(site: Site, crowd: list[Player], open_tab: OpenTab) -> None:
    page, _ = sign_in(site, open_tab, "leaver")
    other = page.context.new_page()
    other.goto(site.url)
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_selector("a[href='/login']")
    expect(page.locator("#you")).to_have_count(0, timeout=HEALED + 2_000)
