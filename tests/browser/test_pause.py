"""A board that moves by itself can be told to stand still (WCAG 2.2.2), and says what is missed meanwhile."""

import json
import re
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect

from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql
#: Longer than the page takes to draw what came.
ONE_DRAWING = 1_400
MOVING = "document.getAnimations().filter((each) => each.playState === 'running').length"


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    players = site.make_players("Ada", "Ben", "Cleo")
    for ahead, player in enumerate(reversed(players), start=1):
        for _ in range(ahead):
            site.act(player)
    return players


class Board:
    """A page whose frames are ours."""

    def __init__(self, site: Site, page: Page, path: str = "/") -> None:
        self.page, self.sockets = page, list[WebSocketRoute]()
        page.clock.install()
        page.route_web_socket("**/ws/**", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it calls
        page.route("**/api/**", lambda route: route.abort())
        page.goto(site.url + path)
        page.clock.run_for(ONE_DRAWING)
        self.opened = datetime.fromisoformat(page.locator("#board").get_attribute("data-as-of") or "")

    def as_of(self, seconds: float) -> str:
        return (self.opened + timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def body(self, scores: dict[str, int], seconds: float) -> dict[str, object]:
        """They stand in this order; a letter is a player."""
        entries = [
            {"rank": rank, "player": name, "name": name, "score": score, "reached_at": self.as_of(-60)}
            for rank, (name, score) in enumerate(scores.items(), start=1)
        ]
        return {"as_of": self.as_of(seconds), "entries": entries}

    def show(self, scores: dict[str, int], seconds: float, *, wait: int = ONE_DRAWING, **more: object) -> None:
        self.send("scoreboardUpdate", self.body(scores, seconds) | more, wait)

    def beat(self, seconds: float) -> None:
        self.send("heartbeat", {"as_of": self.as_of(seconds)}, ONE_DRAWING)

    def send(self, event: str, data: dict[str, object], wait: int) -> None:
        self.sockets[-1].send(json.dumps({"event": event, "data": data}))
        self.page.wait_for_timeout(50)
        if wait:
            self.page.clock.run_for(wait)

    def rows(self) -> list[str]:
        return [row.evaluate("it => it.outerHTML") for row in self.page.locator(".standings tbody tr").all()]

    def names(self) -> list[str]:
        return self.page.locator(".standings tbody bdi").all_inner_texts()

    @property
    def button(self) -> Locator:
        return self.page.locator("#pause")

    @property
    def age(self) -> Locator:
        return self.page.locator(".age")


def clock_of(board: Board, seconds: float) -> str:
    """As the page writes it in en-US, in UTC."""
    return (board.opened + timedelta(seconds=seconds)).strftime("%I:%M:%S %p UTC")


def test_paused_rows_stand_still_and_the_newest_comes_at_once(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    board = Board(site, open_tab("about:blank", live=False, locale="en-US", timezone_id="UTC"))
    expect(board.page.locator(".state")).not_to_have_text("Paused")
    board.show({"A": 30, "B": 20, "C": 10}, 1)
    expect(board.page.locator(".state")).to_have_text("Live")

    board.page.get_by_role("button", name="Pause", exact=True).click()
    expect(board.page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    expect(board.page.locator(".state")).to_have_text("Paused")
    expect(board.age).to_have_text("0 changes since")
    expect(board.page.locator(".as-of time")).to_have_text(clock_of(board, 1))
    before = board.rows()

    board.show({"A": 30, "C": 25, "B": 20}, 2)
    expect(board.age).to_have_text("1 change since")
    # Two have more points, one is new; B has only made room.
    board.show({"D": 90, "C": 40, "A": 31, "B": 20}, 3)
    expect(board.age).to_have_text("4 changes since")
    # Again the same, as after each connection, and one is gone.
    board.show({"D": 90, "C": 40, "A": 31, "B": 20}, 4)
    board.show({"D": 90, "C": 40, "B": 20}, 5)
    expect(board.age).to_have_text("5 changes since")
    for minute in range(1, 4):
        board.beat(60 * minute)
    assert board.rows() == before
    assert board.page.evaluate(MOVING) == 0
    expect(board.page.locator(".state")).to_have_text("Paused")
    expect(board.page.locator(".as-of time")).to_have_text(clock_of(board, 1))

    board.button.click()
    board.page.clock.run_for(50)
    assert board.names() == ["D", "C", "B"]
    board.page.clock.run_for(ONE_DRAWING)
    assert board.page.locator(".standings .number").all_inner_texts() == ["90", "40", "20"]
    expect(board.page.locator(".state")).to_have_text("Live")
    expect(board.age).to_have_text("")
    expect(board.page.locator(".as-of time")).to_have_text(clock_of(board, 180))
    board.show({"B": 95, "D": 90, "C": 40}, 200)
    assert board.names() == ["B", "D", "C"]
    # Counted anew.
    board.button.click()
    expect(board.age).to_have_text("0 changes since")


def test_what_is_moving_when_it_is_paused_is_where_it_was_going(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    board = Board(site, open_tab("about:blank", live=False))
    board.show({"A": 3000, "B": 2000}, 1)
    board.show({"B": 4000, "A": 3000}, 2, wait=0)
    board.button.click()
    # Not yet drawn, or in the middle of it: both are of the moment that the page says.
    assert board.names() == ["B", "A"]
    assert board.page.locator(".standings .number").all_inner_texts() == ["4,000", "3,000"]
    expect(board.page.locator(".standings .rose, .standings .gliding")).to_have_count(0)
    assert board.page.evaluate(MOVING) == 0
    before = board.rows()
    board.page.clock.run_for(10_000)
    assert board.rows() == before


def test_it_works_by_keyboard_and_is_told_politely(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    board = Board(site, open_tab("about:blank", live=False))
    board.show({"A": 30}, 1)
    board.page.clock.run_for(10_000)
    board.beat(11)
    board.page.clock.run_for(10_000)
    said = board.page.locator("#announcements")
    before = said.inner_text()
    while not board.button.evaluate("it => it === document.activeElement"):
        board.page.keyboard.press("Tab")
    expect(board.button).to_have_css("outline", re.compile("solid 3px"))
    board.page.keyboard.press("Enter")
    expect(board.button).to_have_accessible_name("Resume")
    expect(board.button).to_have_accessible_description("0 changes since")
    assert board.button.get_attribute("aria-pressed") is None
    expect(board.button).to_be_focused()
    assert said.inner_text() == before

    for step in range(1, 21):
        board.show({"A": 30 + step}, 11 + step)
    # Once in a minute, however many there are.
    expect(said).to_have_text("1 change since")
    for minute in range(1, 7):
        board.beat(100 + 10 * minute)
        board.page.clock.run_for(10_000)
    expect(said).to_have_text("20 changes since")

    board.page.keyboard.press("Space")
    expect(board.button).to_have_accessible_name("Pause")
    board.page.clock.run_for(ONE_DRAWING)
    expect(board.page.locator(".standings .number")).to_have_text("50")


def test_without_a_socket_answers_are_kept_too(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    answers: list[dict[str, object]] = []

    def answer(route: Route) -> None:
        route.fulfill(json=answers[-1]) if answers else route.abort()

    board = Board(site, page)
    page.route("**/api/score/top", answer)
    answers.append(board.body({"A": 30, "B": 20}, 2))
    board.sockets[-1].close(code=1013)
    page.clock.run_for(5_000)
    expect(page.locator(".state")).to_have_text("Polling")
    expect(page.locator(".standings tbody bdi")).to_have_text(["A", "B"])

    board.button.click()
    answers.append(board.body({"B": 50, "A": 30}, 4))
    for _ in range(6):
        page.clock.run_for(1_000)
        page.wait_for_timeout(30)
    expect(board.age).to_have_text("1 change since")
    expect(page.locator(".state")).to_have_text("Paused")
    assert board.names() == ["A", "B"]

    answers.clear()
    for _ in range(30):
        page.clock.run_for(1_000)
        page.wait_for_timeout(10)
    # Nothing is counted any more, and that is said.
    expect(page.locator(".state")).to_have_text("Stale")
    assert board.names() == ["A", "B"]

    board.button.click()
    page.clock.run_for(ONE_DRAWING)
    assert board.names() == ["B", "A"]


def test_a_period_waits_with_its_countdown_its_trend_and_its_podium(site: Site, open_tab: OpenTab) -> None:
    site.manage("make_board", "daily", "--rule=sum", "--span=day")
    board = Board(site, open_tab("about:blank", live=False), "/boards/daily")
    ends_at = board.as_of(600)
    day = {"name": "2998-12-30", "starts_at": board.as_of(-600), "ends_at": ends_at, "state": "open"}
    board.show({"A": 30, "B": 20}, 1, period=day, next=None)
    countdown = board.page.locator(".countdown")
    expect(countdown).to_be_visible()

    board.button.click()
    expect(countdown).to_be_hidden()
    before = board.rows()
    board.show({"B": 60, "A": 30}, 590, period=day, next=None)
    next_day = {"name": "2998-12-31", "starts_at": ends_at, "ends_at": board.as_of(99_000), "state": "open"}
    board.show({"C": 10}, 601, period=next_day, next=None)
    board.beat(700)
    assert board.rows() == before
    expect(board.page.locator("#podium")).to_be_hidden()

    board.button.click()
    board.page.clock.run_for(ONE_DRAWING)
    assert board.names()[-1] == "C"
    expect(board.page.locator("#podium bdi")).to_have_text(["B", "A"])
    expect(countdown).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "labels", "sentences"),
    [
        ("de-DE", ["Anhalten", "Fortsetzen", "Angehalten"], ["0 Änderungen seitdem", "1 Änderung seitdem"]),
        ("fr-FR", ["Pause", "Reprendre", "En pause"], ["0 changement depuis", "1 changement depuis"]),
        ("ar-EG", ["إيقاف مؤقت", "استئناف", "متوقف مؤقتًا"], ["0 تغيير منذ ذلك الحين", "تغيير واحد منذ ذلك الحين"]),
        ("ja-JP", ["一時停止", "再開", "一時停止中"], ["以後の変化: 0件", "以後の変化: 1件"]),
    ],
)
def test_it_speaks_the_language_of_the_page(
    site: Site, players: list[Player], open_tab: OpenTab, locale: str, labels: list[str], sentences: list[str]
) -> None:
    board = Board(site, open_tab("about:blank", live=False, locale=locale))
    board.show({"A": 30}, 1)
    expect(board.button).to_have_accessible_name(labels[0])
    board.button.click()
    expect(board.button).to_have_accessible_name(labels[1])
    expect(board.page.locator(".state")).to_have_text(labels[2])
    expect(board.age).to_have_text(sentences[0])
    board.show({"A": 31}, 2)
    expect(board.age).to_have_text(sentences[1])


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_the_target_is_large_and_nothing_shifts(
    site: Site, players: list[Player], open_tab: OpenTab, width: int, scheme: str
) -> None:
    page = open_tab(site.url, color_scheme=scheme, viewport={"width": width, "height": 768})
    assert page.evaluate(SHIFT) == 0
    box = page.locator("#pause").bounding_box()
    assert box
    assert box["width"] >= 44
    assert box["height"] >= 44
    page.locator("#pause").click()
    expect(page.locator(".age")).to_have_text("0 changes since")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.emulate_media(media="print")
    expect(page.locator("#pause")).to_be_hidden()


def test_without_scripts_in_a_frame_and_on_a_wall_there_is_none(
    site: Site, players: list[Player], open_tab: OpenTab
) -> None:
    expect(open_tab(site.url, live=False, java_script_enabled=False).locator("#pause")).to_be_hidden()
    for path in ("/embed", "/wall"):
        expect(open_tab(site.url + path).locator("#pause")).to_have_count(0)
