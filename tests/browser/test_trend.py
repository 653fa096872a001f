"""A mark in each row that stays: who rose and who fell in the last quarter of an hour, for whoever looks up once."""

import html
import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect

from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql
#: Longer than the page takes to draw what came.
ONE_DRAWING = 700


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    """The first ahead, and so on."""
    players = site.make_players("Ada", "Ben", "Cleo")
    for ahead, player in enumerate(reversed(players), start=1):
        for _ in range(ahead):
            site.act(player)
    return players


class Board:
    """A page whose frames are ours, and whose server remembers what we say."""

    def __init__(self, site: Site, page: Page, path: str = "/", past: object = None) -> None:
        self.page, self.past, self.sockets = page, past, list[WebSocketRoute]()
        page.clock.install()
        page.route_web_socket("**/ws/**", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it calls
        page.route("**/api/**", lambda route: route.abort())
        page.route(site.url + path, self.remember)
        page.goto(site.url + path)
        page.clock.run_for(ONE_DRAWING)
        self.opened = datetime.fromisoformat(page.locator("#board").get_attribute("data-as-of") or "")

    def remember(self, route: Route) -> None:
        answer = route.fetch()
        written = f'data-past="{html.escape(json.dumps(self.past))}"'
        text = re.sub(r'data-past="[^"]*"', lambda _: written, answer.text()) if self.past else answer.text()
        route.fulfill(response=answer, body=text)

    def as_of(self, minutes: float) -> str:
        return (self.opened + timedelta(minutes=minutes)).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def show(self, names: str, minutes: float, **more: object) -> None:
        """So many minutes after the page was opened they stand in this order; a letter is a player."""
        entries = [
            {"rank": rank, "player": name, "name": name, "score": 100 - rank, "reached_at": self.as_of(-60)}
            for rank, name in enumerate(names, start=1)
        ]
        data = {"as_of": self.as_of(minutes), "entries": entries, **more}
        self.send("scoreboardUpdate", data)

    def beat(self, minutes: float) -> None:
        self.send("heartbeat", {"as_of": self.as_of(minutes)})

    def send(self, event: str, data: dict[str, object]) -> None:
        self.sockets[-1].send(json.dumps({"event": event, "data": data}))
        self.page.clock.run_for(2 * ONE_DRAWING)

    @property
    def marks(self) -> Locator:
        return self.page.locator("tbody .trend-mark")

    @property
    def note(self) -> Locator:
        return self.page.locator(".trend-note")


def test_whoever_opens_the_page_sees_what_happened_before(site: Site, players: list[Player], open_tab: OpenTab) -> None:
    ada, _, cleo = (player.id for player in players)
    past = {"players": [cleo, ada, "gone"], "samples": [[900, [0, 1, 2]], [300, [1, 2, 0]]]}
    for width in (360, 1366):
        page = open_tab("about:blank", live=False, viewport={"width": width, "height": 768})
        board = Board(site, page, past=past)
        expect(board.marks).to_have_text(["▲1", "new", "▼2"])
        assert page.locator("tbody .trend .unseen").all_inner_texts() == [
            "up by 1 since 15 min",
            "new since 15 min",
            "down by 2 since 15 min",
        ]
        # Who has gone is not named: the server keeps no names of those.
        expect(board.note).to_have_text("▲ ▼ places since 15 min")
        assert page.evaluate(SHIFT) == 0


def test_marks_last_for_a_quarter_of_an_hour_and_no_longer(site: Site, open_tab: OpenTab) -> None:
    board = Board(site, open_tab("about:blank", live=False))
    board.show("ABCDEFGHIJ", 20)
    expect(board.note).to_have_text("")
    board.show("BACDEFGHIK", 21)
    expect(board.marks).to_have_text(["▲1", "▼1", *[""] * 7, "new"])
    expect(board.note).to_have_text("▲ ▼ places since 1 min Left the top 10: J")
    assert board.page.locator(".trend-left bdi").all_inner_texts() == ["J"]
    for minutes in range(22, 36):
        board.beat(minutes)
    expect(board.marks.first).to_have_text("▲1")
    expect(board.note).to_have_text("▲ ▼ places since 15 min Left the top 10: J")
    board.beat(36)
    # Since then nothing has moved: the same minutes, nothing to mark.
    expect(board.marks).to_have_text([""] * 10)
    expect(board.note).to_have_text("▲ ▼ places since 15 min")


def test_after_a_long_sleep_nothing_old_is_told_as_new(site: Site, open_tab: OpenTab) -> None:
    board = Board(site, open_tab("about:blank", live=False))
    board.show("ABC", 20)
    board.show("CBA", 8 * 60)
    expect(board.marks).to_have_text(["", "", ""])
    board.show("BCA", 8 * 60 + 2)
    expect(board.marks).to_have_text(["▲1", "▼1", ""])


def test_an_embed_of_three_knows_who_stood_below(site: Site, open_tab: OpenTab) -> None:
    board = Board(site, open_tab("about:blank", live=False), "/embed?rows=3")
    board.show("ABCDE", 20)
    board.show("EABCD", 22)
    expect(board.marks).to_have_text(["▲4", "▼1", "▼1"])
    expect(board.note).to_contain_text("Left the top 3: C")


def test_another_period_begins_with_nothing(site: Site, open_tab: OpenTab) -> None:
    site.manage("make_board", "daily", "--rule=sum", "--span=day")
    board = Board(site, open_tab("about:blank", live=False, locale="de-DE"), "/boards/daily")
    day = {"name": "2998-12-30", "starts_at": "", "ends_at": "2998-12-31T00:00:00.000000Z", "state": "open"}
    board.show("AB", 20, period=day, next=None)
    board.show("BA", 22, period=day, next=None)
    expect(board.marks).to_have_text(["▲1", "▼1"])
    assert board.page.locator("tbody .trend .unseen").first.inner_text() == "um 1 gestiegen seit 2 min"
    expect(board.note).to_have_text("▲ ▼ Plätze seit 2 min")
    board.show("AB", 23, period={**day, "name": "2998-12-31"}, next=None)
    expect(board.marks).to_have_text(["", ""])
    expect(board.note).to_have_text("")
