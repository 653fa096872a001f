"""Many pages behind one address without sockets: a class, an office. They share one limit, and do not go stale by it."""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser_proxy import Proxy
from tests.support.browser_steps import OpenTab
from tests.support.servers import PostgreSQL
from tests.support.site import Site

pytestmark = pytest.mark.postgresql

TOP = "/api/score/top"
#: As many pages and seconds as use up the limit below more than once.
PAGES, SECONDS, READ_RATE = 40, 25, "200/m"


@pytest.fixture(scope="module")
def school(postgresql: PostgreSQL) -> Iterator[Site]:
    site = Site(postgresql, READ_RATE=READ_RATE)
    with site.server:
        yield site


@pytest.fixture
def line(school: Site) -> Iterator[Proxy]:
    """The school's way out, which lets no sockets through."""
    with Proxy(school.server.port) as proxy:
        proxy.swallow_sockets()
        yield proxy


def ask_as_a_page_does(port: int, until: float, answers: Counter[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    tag = ""
    while time.monotonic() < until:
        connection.request("GET", TOP, headers={"If-None-Match": tag} if tag else {})
        answer = connection.getresponse()
        answer.read()
        tag = answer.headers["ETag"] or tag
        answers[answer.status] += 1
        time.sleep(random.uniform(1.25, 2.5))
    connection.close()


def test_a_class_behind_one_address_stays_up_to_date(school: Site, line: Proxy, open_tab: OpenTab) -> None:
    answers: Counter[int] = Counter()
    until = time.monotonic() + SECONDS
    others = [
        threading.Thread(target=ask_as_a_page_does, args=(school.server.port, until, answers)) for _ in range(PAGES)
    ]
    for other in others:
        other.start()
    page = open_tab(line.url, live=False)
    states: set[str | None] = set()
    while time.monotonic() < until:
        states.add(page.locator(".state").get_attribute("data-state"))
        page.wait_for_timeout(200)
    for other in others:
        other.join()

    assert states - {"snapshot", "reconnecting"} == {"polling"}
    assert set(answers) == {200, 304}
    # More than the limit on whole answers, which would have refused the rest.
    assert answers.total() > int(READ_RATE.partition("/")[0])


def answer_polls(page: Page, asked: list[int], **answer: object) -> None:
    """From now on, every question is answered so; `asked` gets when it came, by the page's clock."""

    def note(route: Route) -> None:
        asked.append(page.evaluate("Date.now()"))
        route.fulfill(**answer)  # type: ignore[arg-type]

    page.unroute_all()
    page.route(f"**{TOP}", note)


@pytest.fixture
def polling(school: Site, open_tab: OpenTab) -> Page:
    """A page whose clock is ours, and whose sockets are all refused."""
    page = open_tab("about:blank", live=False)
    page.clock.install()
    page.route_web_socket("**/ws/scoreboard", lambda socket: socket.close())
    page.goto(school.url)
    page.clock.run_for(1_000)
    return page


def let_pass(page: Page, seconds: int) -> None:
    for _ in range(seconds):
        page.clock.run_for(1_000)
        page.wait_for_timeout(5)


def test_a_refusal_is_waited_out_and_slows_the_asking(polling: Page) -> None:
    asked: list[int] = []
    answer_polls(polling, asked, status=429, headers={"Retry-After": "20"}, body="{}")
    let_pass(polling, 100)

    pauses = [later - sooner for sooner, later in itertools.pairwise(asked)]
    assert 2 <= len(pauses) <= 4
    assert min(pauses) >= 20_000
    expect(polling.locator(".state")).to_have_text("Stale")
    expect(polling.locator(".age")).to_have_text("1 min. ago")

    body = json.dumps({"as_of": "2999-01-01T00:00:00.000000Z", "entries": []})
    answer_polls(polling, asked := [], status=200, body=body)
    let_pass(polling, 200)
    expect(polling.locator(".state")).not_to_have_text("Reconnecting")
    assert max(later - sooner for sooner, later in itertools.pairwise(asked[-4:])) <= 4_000


def test_a_limit_used_up_too_fast_slows_the_asking_before_anything_is_refused(polling: Page) -> None:
    body = json.dumps({"as_of": "2999-01-01T00:00:00.000000Z", "entries": []})
    policy = {"RateLimit-Policy": '"read";q=1200;w=60'}
    hurried: list[int] = []
    calm: list[int] = []
    answer_polls(polling, hurried, status=200, body=body, headers={**policy, "RateLimit": '"read";r=200;t=40'})
    let_pass(polling, 60)
    answer_polls(polling, calm, status=200, body=body, headers={**policy, "RateLimit": '"read";r=1000;t=40'})
    let_pass(polling, 200)

    assert len(hurried) <= 7
    assert len([moment for moment in calm if moment > calm[-1] - 60_000]) >= 20
