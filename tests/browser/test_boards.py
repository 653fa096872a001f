"""The pages of boards: live, with the time that is left, the way to other periods, and rows to any depth."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import HEALED, SHIFT, OpenTab, state_of
from tests.support.site import Site

pytestmark = pytest.mark.postgresql

PERIOD = re.compile(r"/boards/daily/(\d{4}-\d\d-\d\d)")


@pytest.fixture(scope="module")
def site(boards_site: Site) -> Site:
    return boards_site


def ranks(page: Page) -> list[str]:
    return page.locator(".standings .medal").all_inner_texts()


def names(page: Page) -> list[str]:
    return page.locator(".standings bdi").all_inner_texts()


def test_a_row_appears_on_the_board_of_the_day(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/daily")
    expect(page.get_by_text("Nobody yet today.")).to_be_visible()
    [player] = site.make_players("First of the day")

    site.act(player)

    expect(page.locator(".standings bdi")).to_have_text("First of the day")
    expect(page.locator(".standings .number")).to_have_text("10")
    expect(page.get_by_text("Nobody yet today.")).to_be_hidden()
    assert page.locator(".standings .name a").get_attribute("href") == f"/players/{player.id}"
    expect(state_of(page)).to_have_text("Live")


def test_without_a_socket_the_page_asks_and_says_so(site: Site, proxy: Proxy, open_tab: OpenTab) -> None:
    proxy.swallow_sockets()
    page = open_tab(f"{proxy.url}/boards/main", live=False)
    expect(state_of(page)).to_have_text("Polling", timeout=10_000)
    [player] = site.make_players("Seen by asking")

    site.act(player, "leap")

    expect(page.locator(f"tr[data-player='{player.id}'] .number")).to_have_text("1,000", timeout=HEALED)
    expect(state_of(page)).to_have_text("Polling")


@pytest.mark.parametrize("code", [1013, 4404])
def test_a_refused_socket_is_not_asked_for_again_and_again(site: Site, open_tab: OpenTab, code: int) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install()
    tries: list[str] = []

    def refuse(socket: WebSocketRoute) -> None:
        tries.append(socket.url)
        socket.close(code=code, reason="too_many_watched")

    page.route_web_socket("**/ws/boards/main", refuse)
    page.goto(f"{site.url}/boards/main")
    for _ in range(12):
        page.clock.run_for(1_000)
    expect(state_of(page)).to_have_text("Polling")
    assert len(tries) == 1


def test_days_are_gone_through_one_by_one_or_picked(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/daily")
    today = page.locator("#period").input_value()
    page.locator(".earlier").click()
    page.wait_for_url(PERIOD)
    yesterday = page.locator("#period").input_value()
    assert yesterday < today
    assert ranks(page)[0] == "1"
    page.locator(".earlier").click()
    page.wait_for_url(lambda url: yesterday not in url)
    page.locator(".later").click()
    page.wait_for_url(f"**/boards/daily/{yesterday}")
    page.get_by_label("Period", exact=True).fill("2020-02-29")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/boards/daily/2020-02-29")
    expect(page.get_by_role("heading", name="February 29, 2020")).to_be_visible()
    expect(page.get_by_text("Nobody took part.")).to_be_visible()
    page.get_by_role("link", name="To the present").click()
    page.wait_for_url("**/boards/daily")


@pytest.mark.parametrize("scripts", [True, False])
def test_weeks_are_picked_from_a_list(site: Site, open_tab: OpenTab, scripts: bool) -> None:
    page = open_tab(f"{site.url}/boards/weekly", live=scripts, java_script_enabled=scripts)
    weeks = page.locator("#period option").evaluate_all("(all) => all.map((it) => it.value)") if scripts else None
    labels = page.locator("#period option").all_inner_texts()
    assert all(re.fullmatch(r"Week \d+, \d{4}", label) for label in labels)
    page.get_by_label("Period", exact=True).select_option(label=labels[-1])
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"/boards/weekly/\d{4}-W\d\d$"))
    assert weeks is None or page.url.endswith(weeks[-1])
    expect(page.get_by_role("heading", name=labels[-1])).to_be_visible()


def test_show_more_appends_the_rest_and_shows_nobody_twice(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/ever")
    assert ranks(page) == [str(rank) for rank in range(1, 11)]

    page.get_by_role("link", name="Show more").press("Enter")

    expect(page.locator(".standings .medal").nth(24)).to_have_text("25")
    assert ranks(page)[:25] == [str(rank) for rank in range(1, 26)]
    assert len(set(names(page))) == len(names(page))
    assert page.locator(".below tr").count() == len(ranks(page)) - 10
    expect(page.locator(".more-note")).to_contain_text("Numbers 11 to")
    expect(page.get_by_role("link", name="Show more")).to_be_hidden()
    assert page.url.endswith("/boards/ever")

    # A newcomer who comes to the top takes the tenth out of it, whom nothing below shows yet; the newcomer is there once.
    [climber] = site.make_players("Climber")
    for _ in range(30):
        site.act(climber)
    expect(page.locator(f"tr[data-player='{climber.id}']")).to_have_count(1)
    expect(page.locator(f"tbody:not(.below) tr[data-player='{climber.id}']")).to_have_count(1)


def test_show_more_is_a_link_without_scripts(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/ever", live=False, java_script_enabled=False)
    page.get_by_role("link", name="Show more").click()
    page.wait_for_url("**/boards/ever/all?after=*")
    assert ranks(page)[:15] == [str(rank) for rank in range(11, 26)]
    page.get_by_role("link", name="To the top of this board").click()
    assert ranks(page)[0] == "1"


def test_show_more_says_when_no_answer_came(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards/ever")
    page.route("**/api/boards/ever/all?*", lambda route: route.abort())
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".more-note")).to_have_text("No answer came. Try again.")
    page.unroute_all()
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".standings .medal").nth(10)).to_have_text("11")


def frame(name: str, as_of: str, ends_at: str, *entries: dict[str, Any]) -> str:
    board = {"slug": "daily", "label": "Today", "rule": "sum", "ascending": False, "span": "day", "zone": "UTC"}
    period = {"name": name, "starts_at": f"{name}T00:00:00.000000Z", "ends_at": ends_at, "state": "open"}
    data = {"as_of": as_of, "board": board, "period": period, "players": 0, "entries": entries, "next": None}
    return json.dumps({"event": "scoreboardUpdate", "data": data})


def test_the_time_that_is_left_runs_out_and_a_new_day_begins_by_itself(site: Site, open_tab: OpenTab) -> None:
    page = open_tab("about:blank", live=False)
    page.clock.install(time=datetime(2001, 2, 3, tzinfo=UTC))
    sockets: list[WebSocketRoute] = []
    frames: list[str] = []

    def connect(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        for last in frames[-1:]:
            socket.send(last)

    def show(frame: str) -> None:
        frames.append(frame)
        sockets[-1].send(frame)

    page.route_web_socket("**/ws/boards/daily", connect)
    page.route("**/api/boards/**", lambda route: route.abort())
    page.goto(f"{site.url}/boards/daily")
    today = page.locator("#period").input_value()
    row = {"rank": 1, "player": "p", "name": "Ada", "score": 10, "reached_at": "2998-12-30T10:00:00.000000Z"}
    show(frame(today, "2998-12-30T23:58:30.000000Z", "2998-12-31T00:00:00.000000Z", row))
    page.clock.run_for(1_000)
    expect(page.locator(".standings bdi")).to_have_text("Ada")
    left = page.locator(".countdown")
    expect(left).to_have_text(re.compile(r"1 min (29|30) sec left"))
    assert left.get_attribute("role") == "timer"
    expect(page.locator(".period-end time")).to_have_text("December 31, 2998, 12:00 AM")
    page.clock.run_for(60_000)
    expect(left).to_have_text(re.compile(r"(29|30) sec left"))
    page.clock.run_for(31_000)
    expect(left).to_have_text("This is over.")

    show(frame("2998-12-31", "2998-12-31T00:00:02.000000Z", "2999-01-01T00:00:00.000000Z"))
    page.clock.run_for(1_000)

    expect(page.get_by_role("heading", name="December 31, 2998")).to_be_visible()
    expect(page.get_by_text("Nobody yet today.")).to_be_visible()
    assert names(page) == []
    assert page.locator(".earlier").get_attribute("href") == f"/boards/daily/{today}"
    assert page.locator("#period").input_value() == "2998-12-31"
    expect(left).to_have_text(re.compile(r"23 hr 59 min left"))
    assert "December 31, 2998" in page.title()
    page.clock.run_for(12_000)
    expect(page.locator("#announcements")).to_contain_text("December 31, 2998 has begun.")


def test_the_countdown_is_right_whatever_the_reader_s_clock_says(site: Site, open_tab: OpenTab) -> None:
    texts = []
    for shown in (datetime(2001, 2, 3, tzinfo=UTC), datetime.now(UTC)):
        page = open_tab("about:blank", live=False)
        page.clock.install(time=shown)
        page.goto(f"{site.url}/boards/weekly")
        page.clock.run_for(3_000)
        expect(page.locator(".countdown")).to_contain_text("left", timeout=HEALED)
        texts.append(page.locator(".countdown").inner_text())
    days = re.compile(r"(?:(\d) days? )?(\d+) hr(?: (\d+) min)? left")
    minutes = []
    for text in texts:
        found = days.fullmatch(text)
        assert found, texts
        minutes.append(sum(int(part or 0) * size for part, size in zip(found.groups(), (1440, 60, 1), strict=True)))
    assert abs(minutes[0] - minutes[1]) <= 60


def test_the_list_takes_over_who_leads_without_a_reload(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/boards", live=False)
    expect(state_of(page)).to_have_text("Polling")
    page.get_by_role("link", name="Winter cup").focus()
    [leader] = site.make_players("Leads it all")
    for _ in range(5):
        site.act(leader, "leap")

    expect(page.locator("[data-slug=main] .leader")).to_have_text("Leads it all", timeout=20_000)

    assert page.evaluate("document.activeElement.textContent.trim()") == "Winter cup"


def test_an_embed_shows_one_board_live(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/embed?board=weekly&rows=3&theme=dark")
    expect(page.get_by_role("heading", name="This week")).to_be_visible()
    [player] = site.make_players("Seen in a frame")
    for _ in range(9):
        site.act(player, "leap")
    expect(page.locator(".standings bdi").first).to_have_text("Seen in a frame", timeout=HEALED)
    assert page.locator(".standings tbody tr").count() == 3
    assert page.locator(".standings a").count() == 0


PAGES = [
    "/boards",
    "/boards/daily",
    "/boards/weekly",
    "/boards/fastest",
    "/boards/cup",
    "/boards/main",
    "/players?name=player",
]


@pytest.mark.parametrize("path", PAGES)
def test_the_strict_policy_holds_and_a_phone_needs_no_sideways_scrolling(
    site: Site, open_tab: OpenTab, path: str
) -> None:
    complaints: list[str] = []
    page = open_tab(
        site.url + path, live=path.startswith("/boards/"), complaints=complaints, viewport={"width": 360, "height": 740}
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("[style], style, script:not([src]), [onclick]").count() == 0
    assert complaints == []


def test_an_ended_week_shows_its_podium_without_scripts_at_every_size(site: Site, open_tab: OpenTab) -> None:
    ended = open_tab(f"{site.url}/boards/weekly", live=False).locator(".earlier").get_attribute("href")
    page = open_tab(f"{site.url}{ended}", live=False, java_script_enabled=False)
    steps = page.get_by_role("region", name="Podium").get_by_role("listitem")
    assert steps.locator(".medal").all_inner_texts() == ["1", "2", "3"]
    assert steps.locator("bdi").all_inner_texts() == names(page)[:3]
    for width in (360, 768, 1366, 1920, 3840):
        page.set_viewport_size({"width": width, "height": 800})
        boxes: list[dict[str, float]] = steps.locator(".block").evaluate_all(
            "(all) => all.map((it) => it.getBoundingClientRect().toJSON())"
        )
        first, second, third = boxes
        assert second["x"] < first["x"] < third["x"]
        assert first["y"] < second["y"] < third["y"]
        assert first["bottom"] == pytest.approx(third["bottom"], abs=1)
    page = open_tab(f"{site.url}{ended}", live=False, forced_colors="active")
    shapes = page.locator(".steps .medal").evaluate_all(
        "(all) => all.map((it) => getComputedStyle(it)).map((it) => it.borderStyle + it.borderRadius + it.clipPath)"
    )
    assert len(set(shapes)) == 3
    assert all(shape.endswith("none") for shape in shapes)
    for scheme in ("light", "dark"):
        page = open_tab(f"{site.url}{ended}", live=False, color_scheme=scheme)
        assert Axe().run(page).violations_count == 0


@pytest.mark.parametrize("path", ["/boards/daily", "/boards/main", "/boards/weekly"])
def test_nothing_shifts_while_the_page_comes_alive(site: Site, open_tab: OpenTab, path: str) -> None:
    for width, height in ((360, 740), (1366, 768)):
        page = open_tab(site.url + path, viewport={"width": width, "height": height})
        page.wait_for_timeout(1_500)
        assert page.evaluate(SHIFT) == 0
