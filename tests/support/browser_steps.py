"""What a person does in a browser, and where on the page the answer stands."""

import time
from collections.abc import Callable

from playwright.sync_api import Browser, Frame, Locator, Page, StorageState, expect

from tests.support.site import PASSWORD, Player, Site

#: Within this many milliseconds of the end of any trouble the board must be right again.
HEALED = 6_000
INVESTIGATOR = "root"
#: How far everything jumped about since the page was opened: 0 is not at all.
SHIFT = """() => new Promise((resolve) => {
    let shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) shift += entry.value; })
        .observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(shift)));
})"""

#: `open_tab(url, **context_options)`, the fixture.
OpenTab = Callable[..., Page]


def open_desk(site: Site, open_tab: OpenTab, **options: object) -> Page:
    """The front page, signed in."""
    page = open_tab(f"{site.url}/admin/", live=False, **options)
    _log_in(page, INVESTIGATOR)
    return page


def keep_session(site: Site, browser: Browser, username: str) -> StorageState:
    """What a browser keeps once an investigator has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/admin/")
    _log_in(page, username)
    state = context.storage_state()
    context.close()
    return state


def _log_in(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Investigators' desk")).to_be_visible()


def open_player(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def sign_in(site: Site, open_tab: OpenTab, name: str, **options: object) -> tuple[Page, Player]:
    """A user who signs in on the page, and as whom the API can act."""
    access = site.sign_in(name)["access"]
    page = open_tab(f"{site.url}/login", live=False, **options)
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator(".fields [type=submit]").click()
    page.wait_for_url(f"{site.url}/")
    player = page.locator("#you").get_attribute("data-player")
    assert player
    return page, Player(name, player, access)


def points_of(page: Page, player: Player) -> Locator:
    return page.locator(f"tr[data-player='{player.id}'] .number")


def state_of(page: Page) -> Locator:
    return page.locator(".state")


def wait_for(page: Page | Frame, expression: str, *, milliseconds: int = HEALED) -> None:
    """Until the expression holds. Playwright's own wait evaluates text inside the page, which our policy forbids."""
    deadline = time.monotonic() + milliseconds / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"Not within {milliseconds} ms: {expression}"
        page.wait_for_timeout(20)
