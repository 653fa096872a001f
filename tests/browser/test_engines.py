"""The pages in the three engines that browsers have: Chromium's, Firefox's, and WebKit's, which is that of every iPhone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser_proxy import Proxy
from tests.support.engines import OTHERS, Chromium, Engine, wait_for
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

NAMES = [
    "Maximiliana von und zu Hohenberg-Schwarzenfels-Wittgenstein-Berl", "محمد بن موسى الخوارزمي", "李雷和韩梅梅",
    *(f"Player {number}" for number in range(1, 9)),
]  # fmt: skip
#: A phone upright, a tablet, a laptop and a wall.
SCREENS = [(360, 740), (768, 1024), (1366, 768), (1920, 1080), (3840, 2160)]
#: At every frame: what of a row is not where the row is, by a pixel and a half, as engines round.
WATCH = """
    window.strays = new Set();
    window.frames = 0;
    const look = () => {
        window.frames += 1;
        for (const row of document.querySelectorAll("#board tbody tr")) {
            const outer = row.getBoundingClientRect();
            for (const part of row.querySelectorAll("td, th, .medal, bdi, time, .number, svg.share")) {
                const inner = part.getBoundingClientRect();
                if (inner.width === 0 && inner.height === 0) continue;
                const over = [outer.top - inner.top, inner.bottom - outer.bottom, outer.left - inner.left, inner.right - outer.right];
                if (Math.max(...over) > 1.5) window.strays.add(`${part.tagName}.${part.getAttribute("class")} ${over.map(Math.round)}`);
            }
        }
        requestAnimationFrame(look);
    };
    look();
"""
STRAYS = "return [...window.strays].slice(0, 5);"
LIVE = "document.querySelector('.state').dataset.state === 'live'"


@pytest.fixture(scope="module", params=["chromium", *OTHERS])
def engine(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Engine]:
    if request.param == "chromium":
        yield Chromium(browser)
    else:
        with OTHERS[request.param]() as other:
            yield other


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    players = site.make_players(*NAMES)
    for number, player in enumerate(players):
        for _ in range(len(players) - number):
            site.act(player, "leap")
    return players


def open_and_watch(engine: Engine, url: str, screen: tuple[int, int]) -> None:
    engine.open(url, *screen)
    wait_for(engine, LIVE)
    engine.run(WATCH)
    wait_for(engine, "window.frames > 2")


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_all_of_a_row_is_in_its_row_and_nothing_beside_the_screen(
    site: Site, players: list[Player], engine: Engine, screen: tuple[int, int]
) -> None:
    open_and_watch(engine, site.url, screen)
    assert engine.run(STRAYS) == []
    assert engine.run("return document.documentElement.scrollWidth <= innerWidth;")


def test_also_while_rows_move(site: Site, players: list[Player], engine: Engine) -> None:
    open_and_watch(engine, site.url, (1366, 768))
    [climber] = site.make_players("Climber")
    for _ in range(len(players) + 3):
        site.act(climber, "leap")
    first = f"document.querySelector('#board tbody tr').dataset.player === '{climber.id}'"
    wait_for(engine, first)
    wait_for(engine, "document.getAnimations().every((it) => it.playState !== 'running')")
    assert engine.run("return window.frames;") > 5
    assert engine.run(STRAYS) == []


def test_a_page_whose_socket_fails_says_so_and_polls(
    site: Site, players: list[Player], engine: Engine, proxy: Proxy
) -> None:
    engine.open(proxy.url, 1366, 768)
    wait_for(engine, LIVE)
    proxy.swallow_sockets()
    wait_for(engine, "document.querySelector('.state').dataset.state === 'polling'", seconds=30)
    points = site.act(players[-1], "leap")
    assert points
    leader = site.points()
    shown = "[...document.querySelectorAll('#board tbody tr')].map((row) => Number(row.dataset.score)).join()"
    expected = ",".join(map(str, sorted(leader.values(), reverse=True)))
    wait_for(engine, f"{shown} === '{expected}'", seconds=30)
    proxy.let_sockets_through()
    proxy.cut()
    wait_for(engine, LIVE, seconds=60)


@pytest.mark.parametrize(
    "path", ["/boards", "/boards/main", "/players/PLAYER", "/players?name=pl", "/verify", "/embed", "/login"]
)
def test_every_page_starts_its_scripts_and_fits(site: Site, players: list[Player], engine: Engine, path: str) -> None:
    engine.open(site.url + path.replace("PLAYER", players[0].id), 360, 740)
    wait_for(engine, "document.readyState === 'complete'")
    assert engine.run("return document.documentElement.scrollWidth <= innerWidth;")
    if path in ("/boards/main", "/embed"):
        wait_for(engine, LIVE)
    elif path != "/login":
        assert engine.run("return document.documentElement.classList.contains('script');")
