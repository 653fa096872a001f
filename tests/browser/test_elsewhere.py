"""The scoreboard on other people's sites: the client module in their pages, the board in their frames, if they may."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser_steps import HEALED, OpenTab, wait_for
from tests.support.elsewhere import Elsewhere
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql

CLIENT = """<!doctype html><title>Quiz</title><script type="module">
import {{ ScoreboardClient, watch }} from "{site}/static/scoreboard/scoreboard-client.js";
window.seen = [];
window.problems = [];
watch(({{ entries }}) => window.seen.push(entries), {{
    onState: ({{ state }}) => (window.state = state),
    onProblem: (problem) => window.problems.push(problem),
}});
window.update = (access, action) =>
    new ScoreboardClient({{ tokens: {{ access }} }})
        .update({{ action }}).catch(({{ name, code, message }}) => ({{ name, code, message }}));
</script>"""
#: Of a page that lets in the scoreboard and nothing else, no style at all.
STRICT = "default-src 'none'; script-src {site}; connect-src {site} {socket}"
SHOWN = "(window.seen.at(-1) ?? []).find(({player, score}) => player === '%s' && score === %d) !== undefined"


@pytest.fixture(scope="module")
def friend() -> Iterator[Elsewhere]:
    with Elsewhere() as elsewhere:
        yield elsewhere


@pytest.fixture(scope="module")
def stranger() -> Iterator[Elsewhere]:
    with Elsewhere() as elsewhere:
        yield elsewhere


@pytest.fixture(scope="module")
def open_site(postgresql: PostgreSQL, friend: Elsewhere) -> Iterator[Site]:
    """One that knows its friend."""
    site = Site(postgresql, ALLOWED_ORIGINS=friend.origin, EMBED_ORIGINS=friend.origin)
    with site.server:
        yield site


@pytest.fixture(scope="module")
def player(open_site: Site) -> Player:
    [player] = open_site.make_players("Ada")
    open_site.act(player)
    return player


def visit(open_tab: OpenTab, elsewhere: Elsewhere, html: str, complaints: list[str] | None = None) -> Page:
    elsewhere.html = html
    return open_tab(elsewhere.origin, live=False, complaints=complaints)


def test_a_page_of_an_allowed_origin_updates_and_watches(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    page = visit(open_tab, friend, CLIENT.format(site=open_site.url))
    wait_for(page, "window.state === 'live'")

    result = page.evaluate("(access) => update(access, 'step')", player.access)

    assert (result["player"]["id"], result["delta"]) == (player.id, 10)
    wait_for(page, SHOWN % (player.id, result["score"]))
    assert page.evaluate("(access) => update(access, 'no-such-action')", player.access) == {
        "name": "RefusedError",
        "code": "unknown_action",
        "message": "There is no such action.",
    }
    assert page.evaluate("window.problems") == []


def test_the_page_of_the_documents_updates_and_watches(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    example = text.partition("```html\n")[2].partition("```")[0]
    example = example.replace("https://scoreboard.example.org", open_site.url).replace("daily-quiz", "step")
    given = f"<script>const access = '{player.access}', refresh = '', remember = () => {{}};"
    watched = "window.seen = []; console.table = (rows) => window.seen.push(rows);</script>"
    points = open_site.points()["Ada"] + 10

    page = visit(open_tab, friend, f"<!doctype html><title>Quiz</title>{given}{watched}{example}")

    wait_for(page, SHOWN % (player.id, points))
    assert open_site.points()["Ada"] == points


def test_a_page_of_another_origin_gets_neither_answers_nor_a_socket_and_is_told_why(
    open_site: Site, stranger: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    before = open_site.points()
    page = visit(open_tab, stranger, CLIENT.format(site=open_site.url))
    wait_for(page, "window.state === 'reconnecting'")

    result = page.evaluate("(access) => update(access, 'step')", player.access)
    wait_for(page, "window.state === 'stale'", milliseconds=20_000)

    cause = (
        f"{open_site.url.rstrip('/')} is up, but lets no page of {stranger.origin} use it. "
        f"Its operator can allow that: {stranger.origin} in ALLOWED_ORIGINS."
    )
    assert result == {"name": "OriginError", "code": "origin_not_allowed", "message": cause}
    assert page.evaluate("window.problems") == [{"code": "origin_not_allowed", "detail": cause}]
    assert page.evaluate("window.seen") == []
    assert open_site.points() == before


def test_the_snippet_shows_the_board_in_a_page_of_an_embed_origin(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    board = open_tab(open_site.url)
    board.get_by_role("link", name="Show this board on your site").click()
    snippet = board.locator("#snippet").inner_text()

    complaints: list[str] = []
    page = visit(open_tab, friend, f"<!doctype html><title>Host</title>{snippet}", complaints)

    frame = page.frame_locator("iframe")
    expect(frame.locator(".state")).to_have_text("Live", timeout=HEALED)
    points = open_site.act(player)
    expect(frame.locator(".number")).to_have_text(f"{points:,}", timeout=HEALED)
    assert complaints == []


def test_the_builder_shows_the_embed_as_the_form_says_and_its_html(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    complaints: list[str] = []
    page = open_tab(f"{open_site.url}/embed/builder", live=False, complaints=complaints, color_scheme="light")
    frame = page.frame_locator("#preview")
    expect(frame.get_by_role("heading")).to_have_text("Top 10")
    expect(frame.locator(".state")).to_have_text("Live", timeout=HEALED)

    page.get_by_label("Rows").select_option("3")
    expect(frame.get_by_role("heading")).to_have_text("Top 3", timeout=HEALED)
    page.get_by_label("Theme", exact=True).select_option("dark")
    page.get_by_label("Title").press_sequentially("Quiz <b>")
    expect(frame.get_by_role("heading")).to_have_text("Quiz <b>", timeout=HEALED)
    assert frame.locator("body").evaluate("it => getComputedStyle(it).colorScheme") == "dark"
    address = "/embed?theme=dark&rows=3&title=Quiz+%3Cb%3E"
    assert f'src="{open_site.url}{address.replace("&", "&amp;")}"' in page.locator("#snippet").inner_text()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()

    # What was asked for is the page's address, and neither script nor history is needed to come back to it.
    plain = open_tab(page.url, live=False, java_script_enabled=False)
    assert plain.locator("#snippet").inner_text() == page.locator("#snippet").inner_text()
    assert page.evaluate("history.length") == 2
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="The full board").click()
    expect(opened.value.get_by_role("heading", name="Top 10")).to_be_visible()
    assert opened.value.url == f"{open_site.url}/"
    assert complaints == []


@pytest.mark.parametrize("path", ["/embed", "/", "/login", "/embed/builder"])
def test_no_other_page_is_framed_and_none_by_a_stranger(
    open_site: Site, friend: Elsewhere, stranger: Elsewhere, player: Player, open_tab: OpenTab, path: str
) -> None:
    for elsewhere in [stranger] if path == "/embed" else [stranger, friend]:
        complaints: list[str] = []
        html = f'<!doctype html><title>Host</title><iframe src="{open_site.url}{path}"></iframe>'
        page = visit(open_tab, elsewhere, html, complaints)
        expect(page.frame_locator("iframe").locator("#main")).to_have_count(0)
        wait_for_complaint(page, complaints)
        assert re.search("frame-ancestors|X-Frame-Options", " ".join(complaints))


def wait_for_complaint(page: Page, complaints: list[str]) -> None:
    for _ in range(100):
        if complaints:
            return
        page.wait_for_timeout(50)


def write_page(site: Site, *, lang: str, more: str = "") -> str:
    """A page of another site with the element of the documents, under a policy that allows just that."""
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    example = text.split("```html\n")[2].partition("```")[0].replace("https://scoreboard.example.org", site.url)
    policy = STRICT.format(site=site.url, socket=site.url.replace("http", "ws", 1))
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>Quiz</title>'
    return f'<!doctype html><html lang="{lang}">{head}<main><h1>Quiz</h1>{example}{more}</main></html>'


def test_the_element_of_the_documents_shows_the_board_live_in_the_words_of_its_page(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    names = ["<b>Bold</b>", "ليلى حداد", "林美玲", "W" * 64, "Zoë"]
    for each in open_site.make_players(*names):
        open_site.act(each)
    complaints: list[str] = []
    page = visit(open_tab, friend, write_page(open_site, lang="de"), complaints)

    element = page.locator("score-board")
    expect(element.locator(".state")).to_have_text("Live", timeout=HEALED)
    expect(element.locator("tbody tr")).to_have_count(5)
    assert element.locator("thead th").all_inner_texts() == ["Rang", "Name", "Punkte"]
    assert element.locator("b").count() == 0
    assert element.locator("tbody tr").nth(0).locator("bdi").inner_text() == "Ada"
    expect(element.locator("caption a")).to_have_attribute("href", f"{open_site.url}/boards/main")

    points = open_site.act(player, "leap")
    expect(element.locator("tbody .points").first).to_have_text(f"{points:,}".replace(",", "."), timeout=HEALED)
    for scheme in ("light", "dark"):
        element.evaluate("(element, theme) => element.setAttribute('theme', theme)", scheme)
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
    element.evaluate("(element) => element.setAttribute('rows', '2')")
    expect(element.locator("tbody tr")).to_have_count(2)
    element.evaluate("(element) => element.setAttribute('board', 'none')")
    expect(element.locator(".trouble")).to_have_text("Diese Tafel gibt es nicht.", timeout=HEALED)
    assert [text for text in complaints if "Content Security Policy" in text or "TypeError" in text] == []


def test_the_element_polls_where_no_socket_is_let_through_and_stops_when_it_is_taken_away(
    open_site: Site, friend: Elsewhere, player: Player, open_tab: OpenTab
) -> None:
    without_sockets = write_page(open_site, lang="en").replace(open_site.url.replace("http", "ws", 1), "")
    page = visit(open_tab, friend, without_sockets)
    element = page.locator("score-board")
    expect(element.locator(".state")).to_have_text("Polling", timeout=HEALED)
    points = open_site.act(player)
    expect(element.locator("tbody .points").first).to_have_text(f"{points:,}", timeout=HEALED)

    element.evaluate("(element) => { window.taken = element; element.remove(); }")
    shown = page.evaluate("taken.shadowRoot.textContent")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4_000)
    assert (asked, page.evaluate("taken.shadowRoot.textContent")) == ([], shown)


def test_the_element_on_a_site_that_is_not_allowed_says_that_it_cannot_be_shown(
    open_site: Site, stranger: Elsewhere, open_tab: OpenTab
) -> None:
    complaints: list[str] = []
    page = visit(open_tab, stranger, write_page(open_site, lang="fr"), complaints)
    expect(page.locator("score-board .trouble")).to_have_text(
        "Le classement ne peut pas être affiché sur ce site.", timeout=HEALED
    )
    assert any("in ALLOWED_ORIGINS." in text for text in complaints)
