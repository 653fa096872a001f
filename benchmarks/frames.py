"""How smoothly the board moves with ten rows changing ten times a second: `python -m benchmarks.frames`.

The real page in a headless browser; its socket is played by this program, so that nothing but the page is measured.
Prints frames a second, the times between frames, tasks over 50 ms, and how much of its time the page's thread worked.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, WebSocketRoute, sync_playwright

from audit.times import format_time
from tests.browser.conftest import ARGUMENTS
from tests.support.browser_steps import wait_for
from tests.support.plugin import Profile, make_environment
from tests.support.servers import PostgreSQL
from tests.support.site import Site

WATCH = """() => {
    window.measured = {deltas: [], tasks: []};
    new PerformanceObserver((list) => measured.tasks.push(...list.getEntries().map(({duration}) => duration)))
        .observe({type: "longtask"});
    let last = performance.now();
    const step = (now) => { measured.deltas.push(now - last); last = now; requestAnimationFrame(step); };
    requestAnimationFrame(step);
}"""
PLAYERS = [(str(UUID(int=number + 1)), f"Player {number}") for number in range(12)]


def make_frame(scores: list[int]) -> str:
    """Everyone gained something; who was below may be above now, or on the board at all."""
    for number in range(len(scores)):
        scores[number] += random.randrange(1, 1000)
    now = format_time(datetime.now(UTC))
    order = sorted(range(len(scores)), key=lambda number: -scores[number])[:10]
    entries = [
        {"rank": rank, "player": PLAYERS[it][0], "name": PLAYERS[it][1], "score": scores[it], "reached_at": now}
        for rank, it in enumerate(order, start=1)
    ]
    return json.dumps({"event": "scoreboardUpdate", "data": {"as_of": now, "entries": entries}})


def measure(page: Page, url: str, seconds: float, pause: int) -> dict[str, Any]:
    """`pause` milliseconds between frames; 0 = none are sent."""
    sockets: list[WebSocketRoute] = []
    scores = [10_000 * number for number in range(len(PLAYERS))]
    page.route_web_socket("**/ws/scoreboard", lambda socket: sockets.append(socket))  # noqa: PLW0108 - not a builtin
    page.goto(url)
    while not sockets:
        page.wait_for_timeout(20)
    sockets[0].send(make_frame(scores))
    wait_for(page, "document.querySelectorAll('tbody tr').length === 10")
    page.evaluate(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _busy(session)
    for _ in range(int(seconds * 1000 / (pause or 1000))):
        if pause:
            sockets[0].send(make_frame(scores))
        page.wait_for_timeout(pause or 1000)
    measured: dict[str, Any] = page.evaluate("measured")
    return measured | {"busy": _busy(session) - before}


def _busy(session: Any) -> float:
    metrics = {it["name"]: it["value"] for it in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def report(name: str, measured: dict[str, Any]) -> None:
    deltas = sorted(measured["deltas"][5:])
    total = sum(deltas)
    late = sum(1 for delta in deltas if delta > 25)
    print(
        f"{name}: {1000 * len(deltas) / total:.1f} frames/s; between frames p50 {deltas[len(deltas) // 2]:.1f}, "
        f"p99 {deltas[len(deltas) * 99 // 100]:.1f}, worst {deltas[-1]:.1f} ms; {late} of {len(deltas)} came late; "
        f"{len(measured['tasks'])} tasks over 50 ms; busy {100_000 * measured['busy'] / total:.0f} % of the time"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        site = Site(postgresql)
        with site.server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            for name, width, height, pause in (
                ("quiet, 1280 wide", 1280, 800, 0),
                ("10 rows changing 10 times a second, 1280 wide", 1280, 800, 100),
                ("the same on a wall, 1920 wide", 1920, 1080, 100),
                ("the same on a phone, 360 wide", 360, 740, 100),
            ):
                page = browser.new_page(viewport={"width": width, "height": height})
                report(name, measure(page, site.url, options.seconds, pause))
                page.close()
            browser.close()


if __name__ == "__main__":
    main()
