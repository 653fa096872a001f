"""Takes docs/screenshots/ anew: `./dev test tests/browser/take_screenshots.py`. No test: only run when it is named."""

import pytest
from playwright.sync_api import Page

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import OpenTab, open_desk, open_player, sign_in, wait_for
from tests.support.processes import ROOT
from tests.support.site import Site

pytestmark = pytest.mark.postgresql

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 200_000
NAMES = [
    "Ada Lovelace",
    "Grace Hopper",
    "محمد الخوارزمي",
    "Katherine Johnson",
    "Šárka Ženíšková",
    "Edsger Dijkstra",
    "דנה לוי",
    "Maximiliana von und zu Hohenberg-Schwarzenfels",
    "Радия Перльман",
    "Zoë",
    "Barbara Liskov",
]
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
RENDER_500 = "from django.template.loader import render_to_string; print(render_to_string('500.html'))"
DESK = {"width": 1440, "height": 1000}
DESK_PHONE = {"width": 390, "height": 1300}
#: How a page of the desk is looked at, by the end of the picture's name.
LOOKS: dict[str, dict[str, object]] = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
DARK_PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}
WALL = {"width": 1920, "height": 1080}


def keep(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)
    image = page.screenshot(path=FOLDER / f"{name}.png")
    assert len(image) < LARGEST


@pytest.fixture(scope="module")
def busy_site(site: Site) -> Site:
    players = site.make_players(*NAMES)
    for number, player in enumerate(players):
        for _ in range(len(players) - number):
            site.act(player, "leap")
        for _ in range(number * 7 % 10):
            site.act(player, "step")
    return site


def climb(site: Site, page: Page) -> None:
    """A newcomer overtakes five others, so that there is movement to see."""
    [climber] = site.make_players("Newcomer")
    for _ in range(6):
        site.act(climber, "leap")
    page.wait_for_selector("tr.rose")
    wait_for(page, "document.getAnimations().every((animation) => animation.playState !== 'running')")


def test_first_the_empty_board(site: Site, open_tab: OpenTab) -> None:
    keep(open_tab(site.url, viewport=LAPTOP), "empty")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_board(busy_site: Site, open_tab: OpenTab, scheme: str) -> None:
    keep(open_tab(busy_site.url, viewport=LAPTOP, color_scheme=scheme), scheme)


def test_phone(busy_site: Site, open_tab: OpenTab) -> None:
    keep(open_tab(busy_site.url, viewport=PHONE, device_scale_factor=2, has_touch=True), "phone")


def test_wall(busy_site: Site, open_tab: OpenTab) -> None:
    page = open_tab(busy_site.url, viewport=WALL, color_scheme="dark")
    climb(busy_site, page)
    keep(page, "wall")


def test_you(busy_site: Site, open_tab: OpenTab) -> None:
    page, player = sign_in(busy_site, open_tab, "Rosalind", viewport=LAPTOP)
    for action in ("leap", "leap", "leap", "leap", "step"):
        busy_site.act(player, action)
    page.wait_for_selector("tr[aria-current]")
    wait_for(page, "document.querySelector('#you .your-rank').textContent.trim() !== ''")
    page.reload()
    page.wait_for_selector(".state[data-state=live]")
    keep(page, "you")


def test_you_below_the_top(busy_site: Site, open_tab: OpenTab) -> None:
    page, player = sign_in(
        busy_site, open_tab, "Henrietta", viewport=PHONE, device_scale_factor=2, color_scheme="dark", locale="de-DE"
    )
    busy_site.act(player)
    wait_for(page, "document.querySelector('#you .your-rank').textContent.trim() !== ''", milliseconds=10_000)
    keep(page, "you-phone")


def test_embed(busy_site: Site, open_tab: OpenTab) -> None:
    address = f"{busy_site.url}/embed?theme=dark&rows=5&title=Quiz+night"
    keep(open_tab(address, viewport={"width": 640, "height": 400}), "embed")


def test_polling(busy_site: Site, proxy: Proxy, open_tab: OpenTab) -> None:
    proxy.swallow_sockets()
    page = open_tab(proxy.url, live=False, viewport=LAPTOP)
    page.wait_for_selector(".state[data-state=polling]", timeout=10_000)
    keep(page, "polling")


def test_not_found(busy_site: Site, open_tab: OpenTab) -> None:
    keep(open_tab(f"{busy_site.url}/no-such-page", live=False, viewport=LAPTOP), "404")


def test_sign_in(busy_site: Site, open_tab: OpenTab) -> None:
    keep(open_tab(f"{busy_site.url}/login", live=False, viewport=LAPTOP), "login")


def test_server_error(busy_site: Site, open_tab: OpenTab) -> None:
    """The page itself, as Django renders it when everything else is broken."""
    page = open_tab(busy_site.url, viewport=LAPTOP, color_scheme="dark")
    html = busy_site.manage("shell", "--no-imports", "--command", RENDER_500)
    page.route("**/broken", lambda route: route.fulfill(status=500, content_type="text/html", body=html))
    page.goto(f"{busy_site.url}/broken")
    keep(page, "500")


@pytest.mark.parametrize(("screen", "options"), [("light", {"viewport": LAPTOP}), ("phone", DARK_PHONE)])
def test_boards(boards_site: Site, open_tab: OpenTab, screen: str, options: dict[str, object]) -> None:
    page = open_tab(f"{boards_site.url}/boards", live=False, **options)
    keep(page, f"boards-{screen}")
    page.get_by_role("link", name="This week").click()
    page.wait_for_selector(".state[data-state=live]")
    wait_for(page, "document.querySelector('.countdown').textContent !== ''")
    keep(page, f"week-{screen}")
    page.goto(f"{boards_site.url}/players?name=zoe")
    page.get_by_role("link", name="Zoë Müller").click()
    keep(page, f"player-{screen}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_desk(desk: Site, open_tab: OpenTab, scheme: str) -> None:
    page = open_desk(desk, open_tab, viewport=DESK, color_scheme=scheme)
    keep(page, f"desk-front-{scheme}")
    open_player(page, "Mallory")
    keep(page, f"desk-player-{scheme}")


@pytest.mark.parametrize(("scheme", "name"), [("light", "desk-player-phone"), ("dark", "desk-player-phone-dark")])
def test_desk_on_a_phone(desk: Site, open_tab: OpenTab, scheme: str, name: str) -> None:
    page = open_desk(desk, open_tab, viewport=DESK_PHONE, has_touch=True, color_scheme=scheme)
    open_player(page, "Mallory")
    keep(page, name)


@pytest.mark.parametrize("screen", LOOKS)
def test_desk_entries(desk: Site, open_tab: OpenTab, screen: str) -> None:
    page = open_desk(desk, open_tab, **LOOKS[screen])
    page.goto(f"{desk.url}/admin/audit/auditentry/")
    keep(page, f"desk-entries-{screen}")
    page.get_by_role("row", name="Mallory").first.get_by_role("link", name="#").click()
    keep(page, f"desk-entry-{screen}")


@pytest.mark.parametrize("screen", LOOKS)
def test_desk_review_and_act(desk: Site, open_tab: OpenTab, screen: str) -> None:
    page = open_desk(desk, open_tab, **LOOKS[screen])
    page.get_by_role("link", name="Pace far above the usual").click()
    keep(page, f"desk-review-{screen}")
    open_player(page, "Mallory")
    page.goto(page.url.replace("/player/", "/act/void/?entries=9-24"))
    page.get_by_label("Reason").fill("Sixteen updates, each 120 s after the one before: a script.")
    page.evaluate("window.scrollTo(0, 0)")
    keep(page, f"desk-act-{screen}")
