"""`/verify` in a real browser: a player checks the own points with the public key alone, and nothing that was changed passes."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from scores.integrity.sentences import SENTENCES
from tests.support.browser_steps import SHIFT, OpenTab
from tests.support.site import Player, Site

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def players(site: Site) -> list[Player]:
    """Seven players; of the first three entries are signed, and one is not."""
    players = site.make_players(*(f"Player {number}" for number in range(7)))
    for player in players:
        site.act(player)
    site.act(players[0])
    site.act(players[0], "leap")
    site.manage("seal_ledger")
    site.act(players[0])
    return players


def take_proof(site: Site, player: Player, query: str = "") -> str:
    status, text = site.request("GET", f"/api/score/me/proof{query}", {"Authorization": f"Bearer {player.access}"})
    assert status == 200, text
    return text


@pytest.fixture
def proof(site: Site, players: list[Player]) -> str:
    return take_proof(site, players[0])


@pytest.fixture(scope="module")
def public_key(site: Site) -> str:
    _, text = site.request("GET", "/.well-known/scoreboard-keys", {})
    key: str = json.loads(text)["keys"][0]["x"]
    return key


@pytest.fixture
def page(site: Site, open_tab: OpenTab) -> Page:
    return open_tab(f"{site.url}/verify", live=False)


def make_file(text: str | bytes, name: str = "file") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text if isinstance(text, bytes) else text.encode()}


def check(page: Page, *texts: str | bytes) -> dict[str, list[str]]:
    """What is said of these files, by state."""
    page.locator("#files").set_input_files([])
    page.locator("#files").set_input_files([make_file(text, f"file-{at}") for at, text in enumerate(texts)])
    expect(page.locator("#summary")).to_have_text(
        re.compile(r"^(No findings|Findings: |There was|This cannot)"), timeout=30_000
    )
    rows = page.locator("#results li")
    found: dict[str, list[str]] = {"holds": [], "finding": [], "open": []}
    for state, sentence in rows.evaluate_all(
        "rows => rows.map((row) => [row.dataset.state, row.querySelector('span').textContent])"
    ):
        found[state].append(sentence)
    return found


def say(key: str, **values: str | int) -> str:
    return SENTENCES[key].format(**values)


def change_end(proof: str, **changes: object) -> str:
    *lines, last = proof.splitlines()
    return "\n".join([*lines, json.dumps({**json.loads(last), **changes}), ""])


def test_a_player_s_way_from_the_board_to_the_signed_points(
    site: Site, open_tab: OpenTab, proof: str, players: list[Player], public_key: str, tmp_path: Path
) -> None:
    page = open_tab(site.url)
    page.get_by_role("link", name="Check it yourself").click()
    page.wait_for_url("**/verify")
    page.get_by_label("Public key that you got another way").fill(public_key)
    found = check(page, proof)
    end = json.loads(proof.splitlines()[-1])
    assert found["finding"] == []
    assert [re.sub(r"at \S+ with", "at TIME with", sentence) for sentence in found["holds"]] == [
        say("entries.hold", count=4),
        say("digest.holds", seq=3),
        say("path.holds", index=end["index"], count=8, number=1),
        "Checkpoint 1 was signed at TIME with the key checkpoint-1.",
        say("key.pinned", kid="checkpoint-1"),
    ]
    assert found["open"] == [say("unsealed", count=1, number=1), say("macs")]
    expect(page.locator("#summary")).to_have_text("No findings.")
    expect(page.locator("#limits")).to_be_visible()


def test_a_key_that_the_site_names_itself_is_not_pinned(page: Page, proof: str) -> None:
    assert say("key.unpinned", kid="checkpoint-1") in check(page, proof)["open"]


def test_every_player_of_the_block_is_proved(page: Page, site: Site, players: list[Player]) -> None:
    for player in players[1:]:
        found = check(page, take_proof(site, player))
        assert (found["finding"], len(found["holds"])) == ([], 4)


@pytest.mark.parametrize("key", ["jwk", "set", "file"])
def test_a_key_may_come_in_any_of_its_forms(page: Page, proof: str, public_key: str, key: str) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public_key, "kid": "checkpoint-1"}
    forms = {
        "jwk": jwk,
        "set": {"keys": [jwk]},
        "file": {"current": "checkpoint-1", "public": {"checkpoint-1": public_key}},
    }
    assert say("key.pinned", kid="checkpoint-1") in check(page, proof, json.dumps(forms[key]))["holds"]


def test_another_key_did_not_sign_it(page: Page, proof: str) -> None:
    page.get_by_label("Public key").fill("A" * 43)
    assert check(page, proof)["finding"] == [say("signature.broken", number=1, kid="checkpoint-1")]
    page.get_by_label("Public key").fill("no key")
    check(page, proof)
    expect(page.locator("#summary")).to_contain_text("This cannot be read:")


def swap_lines(text: str, one: int, other: int) -> str:
    lines = text.splitlines(keepends=True)
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


CHANGES: dict[str, Callable[[str, dict[str, str]], str]] = {
    "of another player": lambda proof, other: "".join(proof.splitlines(keepends=True)[:-1]) + other["proof"].splitlines(keepends=True)[-1],
    "of another block": lambda proof, other: change_end(proof, block=other["block"]),
    "re-ordered": lambda proof, _: swap_lines(proof, 0, 1),
    "without an entry": lambda proof, _: "".join([*proof.splitlines(keepends=True)[:1], *proof.splitlines(keepends=True)[2:]]),
    "without its last signed entry": lambda proof, _: "".join([*proof.splitlines(keepends=True)[:2], *proof.splitlines(keepends=True)[3:]]),
    "an entry twice": lambda proof, _: proof.splitlines(keepends=True)[0] + proof,
    "other points": lambda proof, _: proof.replace(",1000,1020,", ",1000,1021,", 1),
    "another actor": lambda proof, _: proof.replace('"step"', '"stop"', 1),
    "cut off": lambda proof, _: proof[: proof.rindex("\n", 0, -1) + 1],
    "cut within a line": lambda proof, _: proof[:-20],
    "a swapped sibling": lambda proof, _: change_end(proof, path=json.loads(proof.splitlines()[-1])["path"][::-1]),
    "a sibling more": lambda proof, _: change_end(proof, path=[*json.loads(proof.splitlines()[-1])["path"], "0" * 64]),
    "a sibling less": lambda proof, _: change_end(proof, path=json.loads(proof.splitlines()[-1])["path"][1:]),
    "an index off by one": lambda proof, _: change_end(proof, index=json.loads(proof.splitlines()[-1])["index"] ^ 1),
    "a negative index": lambda proof, _: change_end(proof, index=-1),
    "another digest": lambda proof, _: change_end(proof, head={**json.loads(proof.splitlines()[-1])["head"], "digest": "0" * 64}),
    "another MAC": lambda proof, _: change_end(proof, head={**json.loads(proof.splitlines()[-1])["head"], "mac": "0" * 64}),
    "something behind its end": lambda proof, _: proof + proof,
    "another spelling": lambda proof, _: proof.replace(",", ", ", 1),
    "lines that end in CR LF": lambda proof, _: proof.replace("\n", "\r\n"),
    "a byte order mark": lambda proof, _: "\ufeff" + proof,
    "a key twice": lambda proof, _: proof.replace('"index":', '"index":0,"index":'),
    "an index with a fraction": lambda proof, _: proof.replace(',"path"', '.0,"path"'),
    "an end in another order": lambda proof, _: change_end(proof, path=json.loads(proof.splitlines()[-1])["path"]),
    "no JSON": lambda proof, _: '["' + proof,
    "an unsealed entry among the sealed": lambda proof, _: '{"sealed":false,"entry":' + proof.replace("]\n", "]}\n", 1),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_proof_that_was_changed_is_a_clear_no(
    page: Page, site: Site, players: list[Player], proof: str, change: str
) -> None:
    other = {
        "proof": take_proof(site, players[1]),
        "block": json.loads(proof.splitlines()[-1])["block"][:-8] + "AAAAAAAA",
    }
    changed = CHANGES[change](proof, other)
    assert changed != proof
    assert check(page, changed)["finding"] != []
    expect(page.locator("#summary")).to_have_text(re.compile("^Findings: "))


def test_a_hundred_megabytes_are_no_reason_to_hang(page: Page, proof: str, tmp_path: Path) -> None:
    one_line = tmp_path / "one"
    one_line.write_bytes(b'["' + b"x" * 100_000_000)
    many = tmp_path / "many"
    many.write_bytes(proof.splitlines(keepends=True)[0].encode() + b"{}\n" * 33_000_000)
    for file, fault in ((one_line, "line 1: it is too long"), (many, "line 2: it is neither an entry nor an end")):
        page.locator("#files").set_input_files(file)
        expect(page.locator("#results li span")).to_have_text(say("file.broken", fault=fault), timeout=10_000)
        page.locator("#files").set_input_files([])


def test_it_works_offline_and_sends_nothing(page: Page, site: Site, proof: str, players: list[Player]) -> None:
    page.wait_for_load_state("networkidle")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.context.set_offline(True)
    assert check(page, proof)["finding"] == []
    assert check(page, proof[:-20])["finding"] != []
    assert [url for url in sent if not url.startswith("blob:")] == []


def test_behind_an_entry_the_digest_stays_open(page: Page, site: Site, players: list[Player]) -> None:
    found = check(page, take_proof(site, players[0], "?after=1"))
    assert (found["finding"], say("digest.open", seq=1) in found["open"]) == ([], True)


def test_a_case_file_is_checked_as_far_as_a_browser_can(page: Page, site: Site, players: list[Player]) -> None:
    text = site.manage("case_file", players[0].id)
    found = check(page, text)
    assert found["finding"] == []
    assert found["holds"][:4] == [
        say("entries.hold", count=4),
        say("contexts.hold", erased=0),
        say("score.holds", points=1030),
        say("digest.holds", seq=3),
    ]
    assert found["open"][-1] == say("command")
    case = json.loads(text)
    for part, name, value in (
        ("entries", "delta", 11),
        ("entries", "detail", "0" * 64),
        ("checkpoints", "digest", "0" * 64),
    ):
        changed = json.loads(text)
        changed[part][0][name] = value
        assert check(page, json.dumps(changed))["finding"] != [], (part, name)
    others: list[tuple[str, str, object]] = [
        ("about", "player", players[1].id), ("score", "id", players[1].id), ("score", "frozen", True), ("score", "reached_at", None),
        ("score", "seq", 3), ("checkpoints", "number", 9),
    ]  # fmt: skip
    for part, name, other in others:
        changed = json.loads(text)
        owner = changed[part][0] if isinstance(changed[part], list) else changed[part]
        owner[name] = other
        assert check(page, json.dumps(changed))["finding"] != [], (part, name)
    unproved = json.loads(text)
    unproved["checkpoints"][0].update(path=None, index=None)
    assert say("path.open", number=1) in check(page, json.dumps(unproved))["open"]
    assert check(page, json.dumps({**json.loads(text), "more": 1}))["finding"] != []
    case["score"]["points"] = 99
    assert check(page, json.dumps(case))["finding"] == [say("score.broken", name="points", stored=99, derived=1030)]
    context = json.loads(text)
    context["entries"][0]["context"]["address"] = "192.0.2.9"
    assert check(page, json.dumps(context))["finding"] == [say("contexts.broken", seq=1)]


def test_results_are_held_against_what_a_checkpoint_states(boards_site: Site, open_tab: OpenTab) -> None:
    boards_site.manage("seal_ledger")
    page = open_tab(f"{boards_site.url}/verify", live=False)
    _, text = boards_site.request("GET", "/api/boards/daily/previous/results", {})
    _, proof = boards_site.request("GET", "/api/boards/daily/previous/proof", {})
    stated = json.loads(proof)["statements"][-1]
    for texts in ((text, proof), (proof, text)):
        found = check(page, *texts)
        assert found["finding"] == []
        assert found["holds"][:2] == [
            say("results.hold", count=stated["count"]),
            say("statement.holds", number=stated["number"], subject=stated["subject"]),
        ]
    assert check(page, text)["open"] == [say("statement.open")]
    lines = text.splitlines(keepends=True)
    assert check(page, "".join(lines[:-1]), proof)["finding"] == [say("statement.broken")]
    moved = check(page, "".join(lines[::-1]), proof)["finding"]
    assert moved == [say("entries.broken", line=1, fault="its rank is not 1")]


@pytest.mark.parametrize("text", ["hello", "{}", "<html>", "\x00" * 9, '{"a": 1'])
def test_what_is_none_of_them_is_said(page: Page, text: str) -> None:
    assert check(page, text)["finding"] == [say("file.broken", fault="it is no proof, case file or results")]


def test_by_keyboard_on_a_phone_and_in_the_dark(site: Site, open_tab: OpenTab, proof: str) -> None:
    for scheme, locale in (("light", "en-US"), ("dark", "de-DE")):
        page = open_tab(
            f"{site.url}/verify", live=False, viewport={"width": 360, "height": 740}, color_scheme=scheme, locale=locale
        )
        page.locator("#files").focus()
        page.keyboard.press("Tab")
        expect(page.locator("#key")).to_be_focused()
        page.locator("#files").set_input_files(make_file(proof))
        expect(page.locator("#results li")).to_have_count(7)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.context.close()


def test_nothing_shifts_and_the_console_is_silent(site: Site, open_tab: OpenTab, proof: str) -> None:
    complaints: list[str] = []
    page = open_tab(f"{site.url}/verify", live=False, complaints=complaints)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SHIFT) == 0
    check(page, proof)
    assert complaints == []
