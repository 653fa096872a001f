"""A newcomer's first five minutes: the demo as it starts by itself, the page, the call that it prints, and the entry at the desk."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser_steps import OpenTab
from tests.support.demo import DemoProcess

pytestmark = pytest.mark.postgresql
#: From the start to one's own points on the board and their evidence; a clone and its environment take a minute and a half before it.
MAXIMUM_SECONDS = 200


def test_ones_own_points_move_the_open_board_and_their_evidence_is_at_the_desk(
    tmp_path: Path, open_tab: OpenTab
) -> None:
    variables = {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/newcomer.sqlite3"}
    files = {name: str(tmp_path / name.lower()) for name in ("RECEIPT_ISSUERS_FILE", "CHECKPOINT_EXPORT")}
    begin = time.monotonic()
    with DemoProcess({**os.environ, **variables, **files}, tmp_path / "demo") as demo:
        [address] = re.findall(r"^ +Board +(http://\S+)", demo.log, re.MULTILINE)
        board = open_tab(address)
        expect(board.locator("tbody tr")).to_have_count(10)
        expect(board.get_by_role("table")).not_to_contain_text("Robin Reader")
        board.evaluate("window.opened = true")

        [command] = re.findall(r"^curl .*\\\n.*$", demo.log, re.MULTILINE)
        done = subprocess.run(["/bin/sh", "-euc", command], capture_output=True, text=True, timeout=60, check=True)
        expect(board.get_by_role("table")).to_contain_text("Robin Reader")
        assert board.evaluate("window.opened"), "The page was loaded again."

        username, password = re.findall(r"(admin) / (\S+)", demo.log)[0]
        desk = open_tab(f"{address.rstrip('/')}/admin/", live=False)
        desk.get_by_label("Username").fill(username)
        desk.get_by_label("Password").fill(password)
        desk.get_by_role("button", name="Log in").click()
        desk.get_by_role("searchbox", name="Find a player or an entry").fill(
            f"Robin Reader#{json.loads(done.stdout)['entry']['seq']}"
        )
        desk.keyboard.press("Enter")
        desk.get_by_role("region", name="Entries").get_by_role("link").first.click()
        expect(desk.get_by_role("heading", level=1)).to_contain_text("Robin Reader: Entry #2: award")
        for check in ("Seal", "Chain", "Context"):
            expect(desk.get_by_role("row", name=re.compile(f"^{check} "))).to_contain_text("holds")
        assert time.monotonic() - begin < MAXIMUM_SECONDS
