"""How soon visitors see a page, and whether it holds still: `python -m benchmarks.first_view`.

Real pages, from static files as an image has them, in a headless browser with a quarter of this processor, at 400 kbit/s with
100 ms of delay, nothing cached, while scores change. For each page: when its largest content was painted (LCP), how far its content
shifted (CLS), and what was transferred.
"""

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.support.plugin import Profile, make_environment
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site

SLOW_LINE = {"offline": False, "latency": 100, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOWER_PROCESSOR = 4
NAMES = [
    "Maximiliana von und zu Hohenberg-Schwarzenfels",
    "محمد الخوارزمي",
    "李雷",
    *(f"Player {number}" for number in range(12)),
]
SCREENS = {"phone": (360, 740), "laptop": (1366, 768)}
WATCH = """
    window.measured = {painted: 0, shifted: 0};
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) measured.painted = entry.startTime; })
        .observe({type: "largest-contentful-paint", buffered: true});
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) measured.shifted += entry.value;
    }).observe({type: "layout-shift", buffered: true});
"""


def look_at(browser: Browser, site: Site, players: list[Player], path: str, screen: tuple[int, int]) -> str:
    """Open a page as one who was never here, have scores change, and say what was measured."""
    width, height = screen
    page = browser.new_page(viewport={"width": width, "height": height})
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_PROCESSOR})
    transferred: list[int] = []
    session.on("Network.loadingFinished", lambda event: transferred.append(int(event["encodedDataLength"])))
    page.add_init_script(WATCH)
    page.goto(site.url + path, wait_until="networkidle" if "verify" in path else "load")
    for player in players[-6:]:
        site.act(player, "leap")
        page.wait_for_timeout(400)
    page.wait_for_timeout(1000)
    measured = page.evaluate("measured")
    page.close()
    kilobytes = f"{sum(transferred) / 1000:.1f} KB in {len(transferred)} requests"
    return f"LCP {measured['painted']:.0f} ms, CLS {measured['shifted']:.4f}, {kilobytes}"


def main() -> None:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        site = Site(postgresql, STATIC_ROOT=f"{folder}/static")
        site.manage("collectstatic", "--noinput", "--verbosity=0", "--ignore=redoc*")
        with site.server, sync_playwright() as playwright:
            players = site.make_players(*NAMES)
            for number, player in enumerate(players):
                for _ in range(len(players) - number):
                    site.act(player, "leap")
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            for path in (
                "/",
                "/boards",
                "/boards/main/all",
                f"/players/{players[0].id}",
                "/verify",
                "/embed",
                "/login",
            ):
                for name, screen in SCREENS.items():
                    print(
                        f"{path.replace(players[0].id, 'UUID')}, {name}: {look_at(browser, site, players, path, screen)}",
                        flush=True,
                    )
            browser.close()


if __name__ == "__main__":
    main()
