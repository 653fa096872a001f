"""You are here: a signed-in player sees where they stand, live, also below the top 10."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.support.browser_steps import HEALED, SHIFT, OpenTab, sign_in
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql
AT = "2998-01-01T00:00:00.000000Z"


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


def neighbours_of(page: Page) -> list[list[str]]:
    return [
        line.split("\n")
        for line in page.get_by_role("list", name="Your neighbours").get_by_role("listitem").all_inner_texts()
    ]


def open_with_frames(site: Site, open_tab: OpenTab, name: str) -> tuple[Page, str, list[WebSocketRoute], list[object]]:
    """A signed-in player's page whose frames and own place are ours."""
    page, me = sign_in(site, open_tab, name)
    sockets, places = list[WebSocketRoute](), list[object]()
    page.clock.install()
    page.route_web_socket("**/ws/**", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it calls
    page.route("**/api/**", lambda route: route.abort())
    page.route("**/you", lambda route: route.fulfill(json={"you": places[-1]}) if places else route.abort())
    page.reload()
    page.clock.run_for(1_000)
    return page, me.id, sockets, places


def show(page: Page, socket: WebSocketRoute, players: list[str], second: int) -> None:
    """They stand in this order, the first two with equal points."""
    entries = [
        {"rank": rank, "player": player, "name": player[:1], "score": 2000 - 10 * max(rank, 2), "reached_at": AT}
        for rank, player in enumerate(players, start=1)
    ]
    as_of = f"2999-01-01T00:00:{second:02}.000000Z"
    socket.send(json.dumps({"event": "scoreboardUpdate", "data": {"as_of": as_of, "entries": entries}}))
    page.wait_for_timeout(50)
    page.clock.run_for(700)


def test_two_neighbours_each_way_move_with_the_board(site: Site, crowd: list[Player], open_tab: OpenTab) -> None:
    page, me, sockets, places = open_with_frames(site, open_tab, "between")
    show(page, sockets[-1], ["A", "B", me, "C", "D", "E"], 1)
    assert neighbours_of(page) == [["1", "A", "1,980"], ["2", "B", "1,980"], ["4", "C", "1,960"], ["5", "D", "1,950"]]
    assert place_of(page) == ["3", "1,970", "11"]
    show(page, sockets[-1], [me, "A", "B", "C", "D", "E"], 2)
    assert neighbours_of(page) == [["2", "A", "1,980"], ["3", "B", "1,970"]]
    show(page, sockets[-1], ["A", me], 3)
    assert neighbours_of(page) == [["1", "A", "1,980"]]
    expect(page.locator(".neighbours a").first).to_have_attribute("href", "/players/A")

    # Who stands below the top 10 comes by asking, and stays until the next answer or until the top says otherwise.
    row = {"rank": 11, "player": "K", "name": "K", "score": 5, "reached_at": AT}
    below = [{**row, "rank": 11}, {**row, "rank": 12, "player": "L", "name": "L", "score": 4}]
    show(page, sockets[-1], [*"ABCDEFGHI", me], 4)
    assert neighbours_of(page) == [["8", "H", "1,920"], ["9", "I", "1,910"]]
    places.append({"player": me, "rank": 10, "score": 1900, "next": None, "frozen": False, "above": [], "below": below})
    page.clock.run_for(6_000)
    expect(page.locator(".neighbours li")).to_have_count(2)
    assert neighbours_of(page) == [["11", "K", "5"], ["12", "L", "4"]]
    show(page, sockets[-1], [*"ABCDEFGHK", me], 5)
    assert neighbours_of(page) == [["8", "H", "1,920"], ["9", "K", "1,910"], ["12", "L", "4"]]


def test_while_paused_the_own_place_stands_still_too(site: Site, crowd: list[Player], open_tab: OpenTab) -> None:
    page, me, sockets, _ = open_with_frames(site, open_tab, "paused")
    show(page, sockets[-1], ["A", me, "B"], 1)
    page.get_by_role("button", name="Pause", exact=True).click()
    before = page.locator("#you").evaluate("it => it.outerHTML")
    show(page, sockets[-1], [me, "A", "B"], 2)
    page.clock.run_for(20_000)
    assert page.locator("#you").evaluate("it => it.outerHTML") == before
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(rank_of(page)).to_have_text("1")
    assert neighbours_of(page) == [["2", "A", "1,980"], ["3", "B", "1,970"]]


def test_the_own_rank_is_told_politely_when_it_changes_and_not_by_the_second(
    site: Site, crowd: list[Player], open_tab: OpenTab
) -> None:
    page, me, sockets, _ = open_with_frames(site, open_tab, "listener")
    said = page.locator("#own-news")
    expect(said).to_have_attribute("role", "status")
    expect(said).to_have_text("")
    show(page, sockets[-1], ["A", "B", me], 1)
    expect(said).to_have_text("You are now number 3.")
    show(page, sockets[-1], ["A", me, "B"], 2)
    show(page, sockets[-1], [me, "A", "B"], 3)
    show(page, sockets[-1], ["A", me, "B"], 4)
    expect(said).to_have_text("You are now number 3.")
    page.clock.run_for(20_000)
    expect(said).to_have_text("You are now number 2.")
    # Others move, the own rank does not: nothing to tell.
    said.evaluate("it => it.replaceChildren()")
    show(page, sockets[-1], ["B", me, "A"], 5)
    page.clock.run_for(30_000)
    expect(said).to_have_text("")


def test_it_is_there_without_scripts_in_german_and_shifts_nothing(
    site: Site, crowd: list[Player], open_tab: OpenTab
) -> None:
    page, me = sign_in(site, open_tab, "plain", java_script_enabled=False, locale="de-DE")
    site.act(me)
    page.reload()
    expect(page.get_by_role("region", name="Hier stehst du")).to_contain_text("Punkte zum Überholen von")
    assert re.fullmatch(r"\d+", place_of(page)[0])
    expect(page.get_by_role("list", name="Deine Nachbarn").get_by_role("listitem")).to_have_count(2)


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
