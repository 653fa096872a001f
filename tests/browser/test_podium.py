"""The podium of a period that ends while somebody looks; that of one which has ended is in `test_boards.py`."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, Route, WebSocketRoute, expect

from tests.support.browser_steps import OpenTab
from tests.support.site import Site

pytestmark = pytest.mark.postgresql
DAY, NEXT_DAY = "2998-12-30", "2998-12-31"
MIDNIGHT = "2998-12-31T00:00:00.000000Z"
#: Until the day is closed, and over which all who watch it spread; the same once more if no answer came.
SECONDS = 63


@pytest.fixture(scope="module", autouse=True)
def _daily(site: Site) -> None:
    site.manage("make_board", "daily", "--rule=sum", "--span=day")


def entry(rank: int, name: str) -> dict[str, Any]:
    return {
        "rank": rank,
        "player": name,
        "name": name,
        "score": 5000 - rank,
        "reached_at": "2998-12-30T10:00:00.000000Z",
    }


def standings(day: str, as_of: str, state: str, *names: str) -> dict[str, Any]:
    ends_at = MIDNIGHT if day == DAY else "2999-01-01T00:00:00.000000Z"
    period = {"name": day, "starts_at": f"{day}T00:00:00.000000Z", "ends_at": ends_at, "state": state}
    entries = [entry(rank, name) for rank, name in enumerate(names, start=1)]
    return {"as_of": as_of, "period": period, "players": len(names), "entries": entries, "next": None}


class Day:
    """A page of the board by day whose time, frames and answers are ours."""

    def __init__(self, site: Site, page: Page, path: str = "/boards/daily") -> None:
        self.page, self.sockets, self.asked = page, list[WebSocketRoute](), list[str]()
        page.on("request", self.listen)
        self.results: dict[str, Any] | None = None
        page.clock.install(time=datetime(2001, 2, 3, tzinfo=UTC))
        page.route_web_socket("**/ws/**", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it calls
        page.route("**/api/**", self.answer)
        page.goto(site.url + path)

    def listen(self, request: Request) -> None:
        if "limit=3" in request.url:
            self.asked.append(request.url)

    def answer(self, route: Route) -> None:
        if "limit=3" in route.request.url and self.results is not None:
            route.fulfill(json=self.results)
        else:
            route.abort()

    def pass_until_asked(self) -> int:
        """Lets time pass, a second at a time, for whoever asks waits a few for the answer; gives how often results were asked for."""
        before = len(self.asked)
        for _ in range(SECONDS):
            if len(self.asked) == before:
                self.page.clock.run_for(1_000)
        return len(self.asked)

    def show(self, data: dict[str, Any]) -> None:
        self.sockets[-1].send(json.dumps({"event": "scoreboardUpdate", "data": data}))
        self.page.clock.run_for(1_000)

    @property
    def steps(self) -> list[str]:
        return self.page.locator(".steps bdi").all_inner_texts()


def test_at_midnight_the_day_s_podium_comes_and_is_for_good_once_it_is_closed(site: Site, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    day = Day(site, page)
    podium = page.locator("#podium")
    day.show(standings(DAY, "2998-12-30T23:59:50.000000Z", "open", "Ada", "Ben", "Cleo", "Dan"))
    expect(podium).to_be_hidden()
    top = page.locator(".standings").bounding_box()

    day.show(standings(NEXT_DAY, "2998-12-31T00:00:00.100000Z", "open"))

    expect(podium).to_be_visible()
    expect(page.get_by_role("heading", name="Podium · December 30, 2998")).to_be_visible()
    assert page.locator("#podium h2 a").get_attribute("href") == f"/boards/daily/{DAY}"
    assert day.steps == ["Ada", "Ben", "Cleo"]
    assert page.locator(".steps .score").all_inner_texts() == ["4,999", "4,998", "4,997"]
    expect(page.get_by_text("The last seconds are still being counted.")).to_be_visible()
    assert page.locator(".standings").bounding_box()["y"] == top["y"]  # type: ignore[index]
    assert Axe().run(page).violations_count == 0

    # The last award of the day came too late to be seen; at first no answer comes at all.
    with page.expect_event("requestfailed", lambda request: "limit=3" in request.url):
        assert day.pass_until_asked() == 1
    assert day.steps == ["Ada", "Ben", "Cleo"]
    day.results = standings(DAY, "2998-12-31T00:01:00.000000Z", "closed", "Ben", "Ada")
    assert day.pass_until_asked() == 2
    expect(page.locator(".steps bdi")).to_have_text(["Ben", "Ada"])
    expect(page.get_by_text("The last seconds are still being counted.")).to_be_hidden()
    assert day.pass_until_asked() == 2
    assert set(day.asked) == {f"{site.url}/api/boards/daily/{DAY}?limit=3"}


def test_on_the_page_of_the_day_itself_the_socket_says_it(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/daily", live=False)
    today = page.locator("#period").input_value()
    day = Day(site, open_tab("about:blank", live=False), f"/boards/daily/{today}")
    day.show(standings(DAY, "2998-12-30T23:59:50.000000Z", "open", "Ada", "Ben"))
    assert day.steps == []
    # The time is over before the server says so.
    day.page.clock.run_for(11_000)
    assert day.steps == ["Ada", "Ben"]
    day.show(standings(DAY, "2998-12-31T00:00:01.000000Z", "closing", "Ben", "Ada", "Cleo"))
    assert day.steps == ["Ben", "Ada", "Cleo"]
    day.show(standings(DAY, "2998-12-31T00:00:31.000000Z", "closed", "Ada", "Ben", "Cleo"))
    assert day.steps == ["Ada", "Ben", "Cleo"]
    assert day.pass_until_asked() == 0


def test_who_was_away_when_it_ended_is_told_only_what_is_closed(site: Site, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    day = Day(site, page)
    day.show(standings(DAY, "2998-12-30T15:00:00.000000Z", "open", "Led in the afternoon"))
    day.show(standings(NEXT_DAY, "2998-12-31T06:00:00.000000Z", "open"))
    expect(page.locator("#podium")).to_be_hidden()
    day.results = standings(DAY, "2998-12-31T06:00:00.000000Z", "closed", "Led in the evening")
    assert day.pass_until_asked() == 1
    expect(page.locator(".steps bdi")).to_have_text("Led in the evening")
