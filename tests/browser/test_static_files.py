"""Static files as they are collected for production: each by a name of its content, small, and pages that work from them."""

import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from tests.support.browser_steps import OpenTab
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql
HASHED = re.compile(r"/static/.*\.[0-9a-f]{12}\.\w+$")
IMPORTS = re.compile(r"""(?:from\s*|import\s*\(?\s*)["'](\.[^"']+)["']""")
#: By these names other sites load them, whatever release this is (docs/api.md).
PUBLIC = ("scoreboard-client.js", "score-board.js")
MAXIMUM_BYTES = 25_000


@pytest.fixture(scope="module")
def site(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(postgresql, STATIC_ROOT=str(tmp_path_factory.mktemp("collected")))
    site.manage("collectstatic", "--noinput", "--verbosity=0", "--ignore=redoc*")
    with site.server:
        yield site


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    players = site.make_players("Maximiliana von und zu Hohenberg-Schwarzenfels", *(f"Player {n}" for n in range(11)))
    for player in players:
        site.act(player, "leap")
    return players


def read(address: str, **headers: str) -> tuple[Any, str]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return answer.headers, answer.read().decode()


def read_modules(address: str) -> dict[str, Any]:
    """The headers of a module and of all that it imports, by address."""
    found: dict[str, Any] = {}
    wanted = [address]
    while wanted:
        here = wanted.pop()
        if here not in found:
            found[here], text = read(here)
            wanted += [urljoin(here, relative) for relative in IMPORTS.findall(text)]
    return found


def test_every_file_of_a_page_is_named_by_its_content_and_kept_for_ever(site: Site, players: list[Player]) -> None:
    for path in ("/", "/boards/main/all", "/wall", "/embed", "/verify", "/login", "/admin/login/"):
        _, html = read(site.url + path)
        found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html))
        assert found
        assert [address for address in found if not HASHED.search(address)] == []
        modules = {each for address in found if address.endswith(".js") for each in read_modules(site.url + address)}
        assert modules
        for address in {*modules, *(site.url + each for each in found)}:
            headers, _ = read(address) if address.endswith((".js", ".css")) else (None, "")
            assert HASHED.search(address), address
            if headers is not None:
                assert headers["Cache-Control"] == "max-age=315360000, public, immutable"


def test_what_other_sites_load_keeps_its_name_and_imports_its_own_release(site: Site) -> None:
    for name in PUBLIC:
        address = f"{site.url}/static/scoreboard/{name}"
        modules = read_modules(address)
        assert modules.pop(address)["Cache-Control"] == "max-age=300, public"
        assert modules
        assert [each for each in modules if not HASHED.search(each)] == []
        with pytest.raises(HTTPError, match="304"):
            read(address, **{"If-None-Match": read(address)[0]["ETag"]})


def test_a_name_of_another_release_is_not_found(site: Site) -> None:
    with pytest.raises(HTTPError, match="404"):
        read(f"{site.url}/static/scoreboard/board.000000000000.js")


@pytest.mark.parametrize("width", [360, 1366])
def test_a_first_view_of_the_board_is_small(site: Site, players: list[Player], open_tab: OpenTab, width: int) -> None:
    page = open_tab("about:blank", live=False, viewport={"width": width, "height": 768})
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(site.url)
    page.wait_for_selector(".state[data-state=live]")
    page.wait_for_timeout(1000)

    assert 10 <= len(sizes) <= 15
    assert sum(sizes) <= MAXIMUM_BYTES


@pytest.mark.parametrize(
    ("path", "selector"),
    [
        ("/", ".state[data-state=live]"),
        ("/boards/main/all", ".state[data-state=live]"),
        ("/wall", "tbody tr"),
        ("/embed", "tbody tr"),
        ("/verify", "input[type=file]"),
        ("/boards", "main"),
        ("/api/docs", ".swagger-ui .info"),
        ("/admin/login/", "form"),
    ],
)
def test_every_page_works_from_what_was_collected(
    site: Site, players: list[Player], open_tab: OpenTab, path: str, selector: str
) -> None:
    complaints: list[str] = []
    page = open_tab(site.url + path, live=False, complaints=complaints)
    page.wait_for_selector(selector)
    page.wait_for_load_state("networkidle") if path in {"/verify", "/api/docs"} else None
    assert complaints == []


def test_the_board_moves_pauses_and_checks_files_from_what_was_collected(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    page = open_tab(site.url)
    site.act(players[5], "leap")
    expect(page.locator("tbody tr").first).to_contain_text("Player 4")
    page.get_by_role("button", name="Pause").click()
    site.act(players[6], "leap")
    site.act(players[6], "leap")
    expect(page.get_by_text("changes since")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("Player 4")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("tbody tr").first).to_contain_text("Player 5")
