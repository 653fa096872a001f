"""The times of the rows are the reader's: of today or of another day, whenever that day ends."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser_steps import HEALED, OpenTab
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


def open_board(site: Site, open_tab: OpenTab, *, now: str, reached: str, zone: str | None) -> Page:
    """A quiet board, at that moment of the reader's clock; its only row was reached at that other one."""
    page = open_tab("about:blank", live=False, **({"timezone_id": zone} if zone else {}))
    page.clock.install(time=datetime.fromisoformat(now))
    row = {"rank": 1, "player": "p", "name": "Ada", "score": 10, "reached_at": f"{reached}.000000Z"}
    frame = {"event": "scoreboardUpdate", "data": {"as_of": "2999-01-01T00:00:00.000000Z", "entries": [row]}}
    page.route_web_socket("**/ws/scoreboard", lambda socket: socket.send(json.dumps(frame)))
    # A clock that leaps is a silence, in which the page asks: it would hear of the site's own board, which is empty.
    page.route("**/api/score/top", lambda route: route.abort())
    page.goto(site.url)
    page.clock.run_for(1_000)
    expect(page.locator("tbody time")).to_be_visible(timeout=HEALED)
    return page


CASES = [
    # Zone, the reader's clock, the row's moment, what is said of it, and how long until the day is over.
    ("UTC", "2026-11-24T23:58:00+00:00", "2026-11-24T23:37:05", "11:37:05 PM", "Nov 24, 11:37 PM", 3),
    ("Asia/Kolkata", "2026-11-24T18:28:00+00:00", "2026-11-24T18:07:05", "11:37:05 PM", "Nov 24, 11:37 PM", 3),
    # The night of 25 October has 25 hours in Berlin.
    ("Europe/Berlin", "2026-10-25T22:58:00+00:00", "2026-10-25T00:30:00", "02:30:00 AM", "Oct 25, 02:30 AM", 3),
]


@pytest.mark.parametrize(("zone", "now", "reached", "before", "after", "minutes"), CASES)
def test_at_midnight_a_row_of_today_becomes_one_of_yesterday(
    site: Site, open_tab: OpenTab, zone: str, now: str, reached: str, before: str, after: str, minutes: int
) -> None:
    page = open_board(site, open_tab, now=now, reached=reached, zone=zone)
    shown = page.locator("tbody time")
    expect(shown).to_have_text(before)

    page.clock.run_for(minutes * 60_000)

    expect(shown).to_have_text(after)


def test_a_machine_that_slept_over_midnight_knows_the_day(site: Site, open_tab: OpenTab) -> None:
    page = open_board(site, open_tab, now="2026-11-24T20:00:00+00:00", reached="2026-11-24T19:00:00", zone="UTC")
    expect(page.locator("tbody time")).to_have_text("07:00:00 PM")

    page.clock.fast_forward("09:00:00")

    expect(page.locator("tbody time")).to_have_text("Nov 24, 07:00 PM")


def test_a_reader_who_travels_reads_the_time_of_where_they_are(site: Site, open_tab: OpenTab) -> None:
    page = open_board(site, open_tab, now="2026-11-24T12:00:00+00:00", reached="2026-11-24T11:00:00", zone=None)
    session = page.context.new_cdp_session(page)
    for zone, shown in (("America/Lima", "06:00:00 AM"), ("Asia/Tokyo", "08:00:00 PM")):
        session.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
        page.clock.run_for(2_000)
        expect(page.locator("tbody time")).to_have_text(shown)


def test_without_scripts_the_zone_is_said(site: Site, open_tab: OpenTab) -> None:
    [player] = site.make_players("Without scripts")
    site.act(player)
    page = open_tab(site.url, live=False, java_script_enabled=False)
    shown = page.locator("tbody time").first.inner_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", shown)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(shown.replace(" UTC", "+00:00"))) < timedelta(minutes=3)
