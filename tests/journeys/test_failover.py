"""The primary is lost under load: a standby takes over, updates go on, and nothing that was acknowledged is missing."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from websockets.sync.client import connect as websocket

from tests.support.processes import wait_until
from tests.support.replication import Standby
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site
from tests.support.sockets import socket_url
from tests.support.writers import Actor

pytestmark = pytest.mark.postgresql
#: Of a failover (docs/contract.md 13.1): updates again so long after the promotion, boards right so long after that.
UPDATES_SECONDS, BOARDS_SECONDS = 10.0, 6.0
ENTRIES = "SELECT count(*) FROM audit_auditentry WHERE kind = 'award' AND player = %s"


@pytest.fixture
def primary() -> Iterator[PostgreSQL]:
    with PostgreSQL() as primary:
        yield primary
        if primary.is_running:
            # One that stands still would take no other leave.
            primary.signal_all(signal.SIGKILL)


@pytest.mark.parametrize(
    ("hangs", "seconds"), [(False, 0.0), (True, 0.0), (True, 8.5)], ids=["killed", "hung", "hung-for-long"]
)
def test_a_standby_takes_over_and_nothing_acknowledged_is_lost(
    primary: PostgreSQL, hangs: bool, seconds: float
) -> None:
    site = Site(primary)
    with Standby(primary) as standby:
        standby.make_synchronous()
        site.use(DATABASE_URL=name_both(primary, standby, site.database))
        with site.server:
            players = site.make_players("Ada", "Grace", "Joan", "Mary")
            stopped = threading.Event()
            actors = {
                player: Actor(site.server.port, player.access, stopped, action="step", name=player.name)
                for player in players
            }
            for actor in actors.values():
                actor.start()
            try:
                wait_until(
                    lambda: all(len(actor.acknowledged) > 5 for actor in actors.values()),
                    seconds=20,
                    what="The first acts",
                )
                with websocket(socket_url(site.server)) as socket:
                    use_all_threads(site)
                    lose(primary, hangs=hangs)
                    # Who promotes makes sure first; meanwhile everybody asks both again and again.
                    time.sleep(seconds)
                    standby.promote()
                    promoted_us = time.time_ns() // 1000
                    wait_until(
                        lambda: all(actor.acknowledged[-1].answered_us > promoted_us for actor in actors.values()),
                        seconds=UPDATES_SECONDS,
                        what="An update of each player after the promotion",
                    )
                    stopped.set()
                    for actor in actors.values():
                        actor.join()
                    acknowledged = {player.name: len(actor.acknowledged) for player, actor in actors.items()}
                    deadline = time.monotonic() + BOARDS_SECONDS
                    wait_until(
                        lambda: is_right(site.points(), acknowledged), seconds=BOARDS_SECONDS, what="The right board"
                    )
                    while not is_right(read_points(socket.recv(timeout=deadline - time.monotonic())), acknowledged):
                        pass
                    # No connection to the lost one costs a request its time.
                    assert use_all_threads(site) == {200}
            finally:
                stopped.set()
                for actor in actors.values():
                    actor.join()
            assert {status for actor in actors.values() for status in actor.answers} <= {200, 503}
            check_log(standby, site, {player: len(actor.acknowledged) for player, actor in actors.items()})
            assert "Traceback" not in site.server.log


def name_both(primary: PostgreSQL, standby: PostgreSQL, database: str) -> str:
    return f"postgresql://scoreboard@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{database}"


def lose(primary: PostgreSQL, *, hangs: bool) -> None:
    """`kill -9` for all its processes; or they stand still, as a machine that is gone: nothing refuses, and nothing answers."""
    primary.signal_all(signal.SIGSTOP if hangs else signal.SIGKILL)


def use_all_threads(site: Site) -> set[int]:
    """Statuses of as many requests at once as there are threads for them, and some more."""
    paths = ["/api/boards", "/api/players?name=ada"] * 8
    with ThreadPoolExecutor(len(paths)) as clients:
        return {status for status, _ in clients.map(lambda path: site.request("GET", path, {}), paths)}


def is_right(points: dict[str, int], acknowledged: dict[str, int]) -> bool:
    """An act that was written, and whose answer was lost, may count beside those that were acknowledged."""
    return points.keys() == acknowledged.keys() and all(
        points[name] in (10 * count, 10 * (count + 1)) for name, count in acknowledged.items()
    )


def read_points(frame: str | bytes) -> dict[str, int]:
    return {entry["name"]: entry["score"] for entry in json.loads(frame)["data"].get("entries", [])}


def check_log(standby: PostgreSQL, site: Site, acknowledged: dict[Player, int]) -> None:
    """Everything acknowledged is in the log of the new primary, once, and the log verifies."""
    with psycopg.connect(standby.database_url(site.database)) as database:
        for player, count in acknowledged.items():
            row = database.execute(ENTRIES, [player.id]).fetchone()
            assert row
            assert row[0] in (count, count + 1)
    site.manage("verify_ledger")
