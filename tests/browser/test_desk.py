"""From the alert to the board put right: what an investigator does in two minutes, seen in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.support.browser_steps import HEALED, OpenTab, keep_session, wait_for
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

MAKE_FLAG = """
from datetime import UTC, datetime
from scores.models import Flag
Flag.objects.create(
    rule="pace", subject="{player}", player="{player}", opened_at=datetime.now(UTC),
    why="4 acts within a minute, where everyone makes 1 and this player made none in the week before.",
    entries=[["{player}", seq] for seq in (2, 3, 4)],
)
"""
#: Pages of the desk, below /admin/: what is searched through, what there is one of, and what may be done to a player.
LISTS = ("audit/auditentry/", "scores/score/", "scores/flag/")
ONES = ("audit/auditentry/1/change/", "scores/flag/1/change/")
ACTS = ("void/?entries=1-4", "adjust/?points=5", "unfreeze/")


@pytest.fixture(scope="module")
def cheat(site: Site) -> Player:
    """Mallory leads with 4,000 points; a flag links the three newest of the four entries. Ada has 2,000, Ben 10."""
    site.manage("createsuperuser", "--noinput", "--username", "grace", "--email", "grace@example.org")
    mallory, ada, ben = site.make_players("Mallory", "Ada Lovelace", "Ben")
    for player, acts in ((mallory, 4), (ada, 2)):
        for _ in range(acts):
            site.act(player, "leap")
    site.act(ben, "step")
    site.manage("shell", "--no-imports", "--command", MAKE_FLAG.format(player=mallory.id))
    return mallory


@pytest.fixture(scope="module")
def signed_in(site: Site, cheat: Player, browser: Browser) -> StorageState:
    """What a browser keeps once the investigator has signed in."""
    return keep_session(site, browser, "grace")


def read_board(page: Page) -> list[str]:
    return [" ".join(row.inner_text().split()) for row in page.locator("tbody tr").all()]


def test_from_the_alert_to_the_board_put_right_in_another_tab(
    site: Site, signed_in: StorageState, open_tab: OpenTab
) -> None:
    complaints: list[str] = []
    board = open_tab(site.url)
    expect(board.locator("tbody tr").first).to_contain_text("Mallory")
    desk = open_tab(f"{site.url}/admin/", live=False, complaints=complaints, storage_state=signed_in)

    desk.get_by_role("link", name="Pace far above the usual").first.click()
    expect(desk.get_by_text("4 acts within a minute")).to_be_visible()
    desk.get_by_role("definition").get_by_role("link", name="Mallory").click()
    expect(desk.get_by_role("heading", name="Points over time")).to_be_visible()
    desk.get_by_role("link", name="#4", exact=True).click()
    desk.get_by_role("link", name="Void", exact=True).click()
    expect(desk.get_by_role("row", name=re.compile("^1 Mallory"))).to_contain_text("4,000 Mallory 3,000")
    desk.get_by_label("Reason").fill("Four leaps within a minute on the recording.")
    desk.get_by_role("button", name="Void the entry, -1,000").click()

    expect(desk.get_by_text("void -1000, now 3000 points. Mallory stays 1st; case file")).to_be_visible()
    expect(board.locator("tbody tr").first).to_contain_text("3,000", timeout=HEALED)
    assert complaints == []


def test_a_confirmed_flag_leads_to_the_void_of_its_entries_and_the_freeze(
    site: Site, cheat: Player, signed_in: StorageState, open_tab: OpenTab
) -> None:
    board = open_tab(site.url)
    desk = open_tab(f"{site.url}/admin/scores/flag/", live=False, storage_state=signed_in)
    desk.locator("#result_list").get_by_role("link", name="Pace far above the usual").click()
    desk.get_by_label("Note").fill("A script, says its agent.")
    desk.get_by_role("button", name="Void the 2 acts, -2,000").click()
    # Entry 4 was voided by hand before: it is named and left out.
    expect(desk.get_by_text("Entry 4 of this player was reversed before.")).to_be_visible()
    desk.get_by_label("Reason").fill("As the flag says.")
    desk.get_by_role("button", name="Void the 2 entries, -2,000").click()
    expect(desk.get_by_text("2 entries voided, -2,000 points, Mallory 1st → 2nd; case file")).to_be_visible()
    expect(board.locator("tbody tr").first).to_contain_text("Ada Lovelace", timeout=HEALED)

    desk.goto(f"{site.url}/admin/scores/score/{cheat.id}/act/freeze/")
    desk.get_by_label("Reason").fill("As the flag says.")
    desk.get_by_role("button", name="Freeze").click()
    wait_for(board, "!document.body.innerText.includes('Mallory')")
    assert len(read_board(board)) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lists_acts_and_reviews_are_usable_by_everyone(
    site: Site, cheat: Player, signed_in: StorageState, open_tab: OpenTab, scheme: str
) -> None:
    desk = open_tab(site.url, live=False, color_scheme=scheme, storage_state=signed_in)
    for path in (*LISTS, *ONES, *(f"scores/score/{cheat.id}/act/{act}" for act in ACTS)):
        desk.goto(f"{site.url}/admin/{path}")
        results = Axe().run(desk)
        assert results.violations_count == 0, (path, results.generate_report())


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_scrolls_sideways(
    site: Site, cheat: Player, signed_in: StorageState, open_tab: OpenTab, width: int
) -> None:
    desk = open_tab(site.url, viewport={"width": width, "height": 844}, storage_state=signed_in)
    for path in (*LISTS, *ONES, *(f"scores/score/{cheat.id}/act/{act}" for act in ACTS)):
        desk.goto(f"{site.url}/admin/{path}")
        assert desk.evaluate("document.documentElement.scrollWidth") == width, path
