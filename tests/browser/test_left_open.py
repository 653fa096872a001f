"""A page left open for a season: it holds no more than what it shows."""

import itertools
import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute

from tests.support.browser_steps import OpenTab, sign_in, wait_for
from tests.support.elsewhere import Elsewhere
from tests.support.servers import PostgreSQL
from tests.support.site import Site

pytestmark = pytest.mark.postgresql

ROWS = 10
#: Longer than the page takes to draw one change and be ready for the next.
ONE_DRAWING = 700

Replace = Callable[[], str]


def feed(page: Page) -> Replace:
    """From now on the page's socket is ours: each call replaces every row, and gives the player who is now last."""
    numbers = itertools.count(1)
    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/ws/scoreboard", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it calls

    def replace() -> str:
        turn = next(numbers)
        entries = [
            {
                "rank": rank,
                "player": f"00000000-0000-4000-8000-{turn:06}{rank:06}",
                "name": f"Player {turn} {rank}",
                "score": 10_000 * turn - rank,
                "reached_at": "2026-11-24T12:00:00.000000Z",
            }
            for rank in range(1, ROWS + 1)
        ]
        data = {"as_of": f"2999-01-01T00:00:00.{turn:06}Z", "entries": entries}
        sockets[-1].send(json.dumps({"event": "scoreboardUpdate", "data": data}))
        return str(entries[-1]["player"])

    return replace


def replace_rows(page: Page, replace: Replace, count: int) -> None:
    for _ in range(count // ROWS):
        last = replace()
        page.clock.run_for(ONE_DRAWING)
        wait_for(page, f"document.querySelector(\"tr[data-player='{last}']\") !== null")


def held_nodes(page: Page) -> int:
    """Every node that the page keeps alive, in its document or not."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Memory.getDOMCounters")["nodes"])


@pytest.fixture(scope="module")
def host() -> Iterator[Elsewhere]:
    with Elsewhere() as elsewhere:
        yield elsewhere


@pytest.fixture(scope="module")
def framed_site(postgresql: PostgreSQL, host: Elsewhere) -> Iterator[Site]:
    site = Site(postgresql, EMBED_ORIGINS=host.origin)
    with site.server:
        yield site


@pytest.mark.parametrize("place", ["/", "/embed", "signed in"])
def test_rows_that_left_the_board_are_let_go(site: Site, open_tab: OpenTab, place: str) -> None:
    if place == "signed in":
        page, _ = sign_in(site, open_tab, "patient")
    else:
        page = open_tab("about:blank", live=False)
    page.clock.install()
    replace = feed(page)
    page.goto(site.url + place if place.startswith("/") else site.url)
    replace_rows(page, replace, 2 * ROWS)
    before = held_nodes(page)

    for rows in (300, 700):
        replace_rows(page, replace, rows)
        after = held_nodes(page)
        assert after < 1.2 * before


def test_a_frame_out_of_sight_lets_go_of_them_too(framed_site: Site, host: Elsewhere, open_tab: OpenTab) -> None:
    """A browser gives such a frame timers and sockets, but never paints it: what waits for that waits for ever."""
    host.html = f'<!doctype html><div style="height: 5000px"></div><iframe src="{framed_site.url}/embed"></iframe>'
    page = open_tab("about:blank", live=False)
    replace = feed(page)
    page.goto(host.origin)
    frame = page.frames[1]
    frame.wait_for_selector("#board")
    counts = []
    for _ in range(9):
        last = replace()
        wait_for(frame, f"document.querySelector(\"tr[data-player='{last}']\") !== null")
        counts.append(held_nodes(page))

    # What moved while the browser had not yet said that nobody looks is kept until somebody does.
    assert counts[-1] < 1.2 * counts[3]
