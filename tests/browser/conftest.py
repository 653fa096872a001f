"""A real browser before a real server. Run apart from the other tests: Playwright leaves its event loop behind."""

import os
import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import HEALED, OpenTab
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL
from tests.support.site import Site

ARTIFACTS = ROOT / "tests" / "artifacts"
BOARDS = (ROOT / "tests" / "support" / "made_boards.py").read_text(encoding="utf-8")
HISTORY = (ROOT / "tests" / "support" / "made_history.py").read_text(encoding="utf-8")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OPEN_TABS = pytest.StashKey[list[Page]]()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "No browser was found: install Chromium (Debian: apt-get install chromium), or name it in CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(postgresql: PostgreSQL) -> Iterator[Site]:
    """The site that the tests of one module share."""
    site = Site(postgresql)
    with site.server:
        yield site


@pytest.fixture(scope="module")
def desk(postgresql: PostgreSQL) -> Iterator[Site]:
    """A day of play, one cheat among the players."""
    site = Site(postgresql)
    with site.server:
        site.manage("shell", "--no-imports", "--command", HISTORY)
        yield site


@pytest.fixture(scope="module")
def boards_site(postgresql: PostgreSQL) -> Iterator[Site]:
    """Twelve days of play on a board of every kind, but nothing yet today."""
    site = Site(postgresql)
    with site.server:
        site.manage("shell", "--no-imports", "--command", BOARDS)
        yield site


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    with Proxy(site.server.port) as proxy:
        yield proxy


@pytest.fixture
def open_tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenTab]:
    """`open_tab(url, **context_options)`: a page in its own context; `complaints` gets what its console says."""
    tabs: list[Page] = []
    request.node.stash[OPEN_TABS] = tabs

    def open_one(url: str, *, live: bool = True, complaints: list[str] | None = None, **options: Any) -> Page:
        page = browser.new_context(**options).new_page()
        tabs.append(page)
        if complaints is not None:
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        if live:
            page.wait_for_selector(".state[data-state=live]", timeout=HEALED)
        return page

    yield open_one
    for page in tabs:
        page.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What every open tab showed when a test failed."""
    report = yield
    if call.when == "call" and report.failed:
        ARTIFACTS.mkdir(exist_ok=True)
        tabs: list[Page] = item.stash.get(OPEN_TABS, [])
        for number, page in enumerate(tabs):
            page.screenshot(path=ARTIFACTS / f"{item.name.translate(str.maketrans('/[]', '---'))}-{number}.png")
    return report
