"""The server is killed under load, again and again: what was acknowledged is there once, and the log holds at every moment."""

import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from audit import checkpoints
from audit.models import AuditEntry
from benchmarks.fill_ledger import fill
from scores.catalogue import set_action
from scores.integrity.verification import verify
from tests.support.acting import make_player
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer
from tests.support.tampering import run_verify
from tests.support.writers import Writer

KILLS = 10
PLAYERS = 4
UPDATES_BETWEEN_KILLS = 20


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
    clients = [Writer(server.port, player, stopped) for player in players]
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
        assert [entry.ref for entry in entries] == client.refs
        client.player.refresh_from_db()
        assert client.player.points == 10 * len(client.refs)
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
