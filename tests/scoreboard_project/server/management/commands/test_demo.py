"""manage.py demo: as a newcomer runs it, on a database of the tests."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from audit.chain import SYSTEM_CHAIN, compute_mac
from audit.keys import load_keyring
from audit.models import AuditEntry
from scores.demo.boards import BOARDS
from scores.demo.seed import EVERYBODY, FIRST_STEPS, READER, READER_NAME
from scores.models import Action, Board, Score, Standing
from tests.support.database import database_url
from tests.support.demo import DemoProcess
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until

StartDemo = Callable[..., DemoProcess]


@pytest.fixture
def environment(transactional_db: None, profile: Profile, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DEBUG": "1",
        "DATABASE_URL": database_url(profile),
        "RECEIPT_ISSUERS_FILE": str(tmp_path / "issuers.json"),
        "CHECKPOINT_EXPORT": str(tmp_path / "checkpoints.jws"),
    }


@pytest.fixture
def start_demo(environment: dict[str, str], tmp_path: Path) -> Iterator[StartDemo]:
    """Starts demos that keep what they make in the same folder, one after the other."""
    demos: list[DemoProcess] = []

    def start(*options: str) -> DemoProcess:
        demos.append(DemoProcess(environment, tmp_path / "demo", *options))
        demos[-1].start()
        return demos[-1]

    yield start
    for demo in demos:
        demo.close()


def count_members(group: int) -> int:
    """Living processes of a process group."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        count += int(its_group) == group and state not in {"Z", "X"}
    return count


def read_top(demo: DemoProcess) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/api/score/top", timeout=10) as answer:
        entries: list[dict[str, Any]] = json.load(answer)["entries"]
        return entries


def sign_in(demo: DemoProcess, username: str, password: str) -> dict[str, str]:
    body = json.dumps({"username": username, "password": password}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{demo.port}/api/token", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        tokens: dict[str, str] = json.load(answer)
        return tokens


def read_chains() -> dict[UUID, list[AuditEntry]]:
    chains: dict[UUID, list[AuditEntry]] = {}
    for entry in AuditEntry.objects.order_by("player", "seq"):
        chains.setdefault(entry.player, []).append(entry)
    return chains


def assert_chain_holds(entries: list[AuditEntry]) -> None:
    balance, prev = 0, ""
    for seq, entry in enumerate(entries, start=1):
        balance += entry.delta
        assert (entry.seq, entry.balance, entry.prev) == (seq, balance, prev)
        assert compute_mac(load_keyring().keys[entry.kid], entry) == entry.mac
        prev = entry.mac


def assert_boards_have_a_past(now_us: int) -> None:
    days = Standing.objects.filter(period__board__slug="today", period__ends_us__lt=now_us)
    assert days.values("period").distinct().count() >= 4
    season = Standing.objects.filter(period__board__slug="autumn-cup", period__name="season-1")
    assert season.exists()
    laps = Standing.objects.filter(period__board__slug="fastest-lap")
    assert laps.count() > 10
    assert all(-200_000 < points <= -61_000 for points in laps.values_list("points", flat=True))


def assert_printed_command_brings_its_player_onto_the_board(demo: DemoProcess, before: list[dict[str, Any]]) -> None:
    """As a newcomer pastes it, while others play."""
    [command] = re.findall(r"^curl .*\\\n.*$", demo.log, re.MULTILINE)
    done = subprocess.run(["/bin/sh", "-euc", command], capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert (answer["player"]["name"], answer["delta"], answer["entry"]["seq"]) == (READER_NAME, FIRST_STEPS.points, 2)
    assert READER_NAME not in {row["name"] for row in before}
    assert READER_NAME in {row["name"] for row in read_top(demo)}


def test_the_demo_shows_a_board_that_moves_and_a_second_start_keeps_it(start_demo: StartDemo, tmp_path: Path) -> None:
    demo = start_demo("--seconds=30")
    before = read_top(demo)
    assert len(before) == 10
    wait_until(lambda: read_top(demo) != before, seconds=29, what="A change of the board")
    wait_until(lambda: not demo.is_running, seconds=40, what="The end after 30 s")
    assert demo.process.returncode == 0
    log = (tmp_path / "demo/demo_server.log").read_text(encoding="utf-8")
    assert "Traceback" not in demo.log + log
    assert (" awarded " in log, " awarded " in demo.log) == (True, False)
    assert count_members(demo.process.pid) == 0

    chains = read_chains()
    assert set(chains) == {SYSTEM_CHAIN, *Score.objects.filter(seq__gt=0).values_list("pk", flat=True)}
    for player, entries in chains.items():
        assert_chain_holds(entries)
        if player != SYSTEM_CHAIN:
            score = Score.objects.get(pk=player)
            assert (score.points, score.seq, score.head) == (entries[-1].balance, len(entries), entries[-1].mac)
    awards = [entry for entries in chains.values() for entry in entries if entry.kind == AuditEntry.Kind.AWARD]
    assert len(awards) >= 20
    assert {entry.verified for entry in awards} == {True, False}
    assert len(chains) > 10
    assert set(Score.objects.values_list("name", flat=True)) == set(EVERYBODY.values())

    boards = list(Board.objects.order_by("slug").values())
    assert {board["slug"] for board in boards} == {"main", *(board.slug for board in BOARDS)}
    assert not any(board["filling"] for board in boards)
    assert_boards_have_a_past(max(entry.at_us for entry in awards))

    for name in ("demo_players.json", "demo_admin_password", "demo_issuer_key.pem", "demo_server.log"):
        assert (tmp_path / "demo" / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "demo").stat().st_mode & 0o777 == 0o700
    assert f"admin / {(tmp_path / 'demo/demo_admin_password').read_text(encoding='ascii')}" in demo.log

    users, catalogue = list(User.objects.order_by("id").values()), list(Action.objects.values())
    again = start_demo("--seconds=1")
    wait_until(lambda: not again.is_running, seconds=20, what="The end after 1 s")
    assert again.process.returncode == 0
    assert list(Board.objects.order_by("slug").values()) == boards
    later = read_chains()
    assert {player: later[player][: len(entries)] for player, entries in chains.items()} == chains
    assert (list(User.objects.order_by("id").values()), list(Action.objects.values())) == (users, catalogue)


@pytest.mark.any_database
def test_the_logins_that_it_prints_work_and_nothing_outlives_it(start_demo: StartDemo, tmp_path: Path) -> None:
    demo = start_demo()
    admin_password = (tmp_path / "demo/demo_admin_password").read_text(encoding="ascii")
    players = json.loads((tmp_path / "demo/demo_players.json").read_text(encoding="utf-8"))
    assert f"{READER} / {players[READER]} " in demo.log
    for username, password in (("admin", admin_password), (READER, players[READER]), ("zsofia", players["zsofia"])):
        assert set(sign_in(demo, username, password)) == {"access", "refresh"}
    admin = User.objects.get(username="admin")
    assert (admin.is_staff, admin.is_superuser) == (True, True)
    assert not User.objects.exclude(username="admin").filter(is_staff=True).exists()

    before = read_top(demo)
    assert_printed_command_brings_its_player_onto_the_board(demo, before)
    wait_until(lambda: read_top(demo) != before, seconds=20, what="The first act of a player")
    os.killpg(demo.process.pid, signal.SIGINT)
    wait_until(lambda: not demo.is_running, seconds=15, what="The end after Ctrl-C")
    assert demo.process.returncode == 0, demo.log
    assert "Traceback" not in demo.log
    assert count_members(demo.process.pid) == 0

    killed = start_demo()
    group = killed.process.pid
    assert count_members(group) == 5
    killed.process.kill()
    wait_until(lambda: count_members(group) == 0, seconds=15, what="The end of its children")


def run_demo(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "demo", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_that_is_taken_is_told_before_anything_is_made(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run_demo(environment, f"--folder={tmp_path / 'demo'}", f"--port={port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == (
        f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another --port."
    )
    assert not (tmp_path / "demo").exists()
    assert (User.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_production_site_gets_no_made_up_points(environment: dict[str, str], tmp_path: Path) -> None:
    done = run_demo({**environment, "DEBUG": "0"}, f"--folder={tmp_path / 'demo'}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("it runs with DEBUG=1 only (./dev run).")
    assert (User.objects.count(), AuditEntry.objects.count()) == (0, 0)
