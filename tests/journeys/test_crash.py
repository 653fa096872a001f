"""The server is killed under load, again and again: what was acknowledged is there once, and the log holds at every moment."""

import http.client
import json
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from audit import checkpoints
from audit.models import AuditEntry
from benchmarks.fill_ledger import fill
from scores.awards.rules import Attempt, SelfReport
from scores.catalogue import set_action
from scores.integrity.verification import verify
from scores.models import Score
from tests.support.acting import UPDATE, access_token, make_player
from tests.support.awards import caller_of
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer
from tests.support.tampering import run_verify

KILLS = 10
PLAYERS = 4
UPDATES_BETWEEN_KILLS = 20
PAUSE_SECONDS = 0.02


class Client(threading.Thread):
    """Acts until stopped, and repeats each act under the same key until it is acknowledged.

    With a little pause: as fast as they are answered, four of these grow the log quicker than one process verifies it beside them,
    and use up the ports of the machine.
    """

    def __init__(self, port: int, player: Score, stopped: threading.Event) -> None:
        super().__init__()
        self._port = port
        self._token = access_token(player)
        self._stopped = stopped
        self.player = player
        self.acknowledged: list[str] = []

    def run(self) -> None:
        while not self._stopped.is_set():
            key = f"act-{len(self.acknowledged)}"
            deadline = time.monotonic() + 60
            while not self._send(key):
                if time.monotonic() > deadline:
                    return
                self._stopped.wait(0.02)
            self.acknowledged.append(key)
            self._stopped.wait(PAUSE_SECONDS)

    def _send(self, key: str) -> bool:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("PATCH", UPDATE, json.dumps({"action": "daily-quiz"}), headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return False
        else:
            return response.status == http.HTTPStatus.OK
        finally:
            connection.close()


@pytest.fixture(autouse=True)
def export(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    return path


def test_nothing_acknowledged_is_lost_or_doubled(
    scoreboard_server: Callable[..., ScoreboardServer], export: Path
) -> None:
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    players = [make_player(f"Player {number}") for number in range(PLAYERS)]
    server = scoreboard_server(SCORE_UPDATE_RATE="0")
    stopped = threading.Event()
    clients = [Client(server.port, player, stopped) for player in players]
    for client in clients:
        client.start()
    try:
        for _ in range(KILLS):
            seen = [len(client.acknowledged) for client in clients]
            wait_until(
                lambda before=tuple(seen): all(  # type: ignore[misc]
                    len(client.acknowledged) >= count + UPDATES_BETWEEN_KILLS // PLAYERS
                    for client, count in zip(clients, before, strict=True)
                ),
                seconds=30,
                what="An acknowledged update of every client",
            )
            checkpoints.sign_checkpoints()
            assert run_verify(pinned=export) == []
            server.kill()
            server.start()
    finally:
        stopped.set()
        for client in clients:
            client.join(90)
    for client in clients:
        entries = AuditEntry.objects.filter(player=client.player.pk).order_by("seq")
        refs = [Attempt(caller_of(client.player), SelfReport("daily-quiz", key), {}).ref for key in client.acknowledged]
        assert [entry.ref for entry in entries] == refs
        client.player.refresh_from_db()
        assert client.player.points == 10 * len(refs)
    assert run_verify() == []


def test_memory_does_not_grow_with_the_log(db: None) -> None:
    peaks = []
    for entries in (5_000, 15_000):
        fill(entries, 0)
        peaks.append(measure_peak())
    assert peaks[1] < peaks[0] * 1.3


def measure_peak() -> int:
    """Bytes that a verification needs at most."""
    tracemalloc.start()
    try:
        assert list(verify()) == []
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
