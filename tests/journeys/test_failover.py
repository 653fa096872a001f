"""The primary is lost under load: a standby takes over, updates go on, and nothing that was acknowledged is missing."""

import http.client
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from websockets.sync.client import connect as websocket

from tests.support.processes import wait_until
from tests.support.replication import Standby
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site
from tests.support.sockets import socket_url

pytestmark = pytest.mark.postgresql
#: Of a failover (docs/contract.md 13.1): updates again so long after the promotion, boards right so long after that.
UPDATES_SECONDS, BOARDS_SECONDS = 10.0, 6.0
ENTRIES = "SELECT count(*) FROM audit_auditentry WHERE kind = 'award' AND player = %s"


class Actor(threading.Thread):
    """Acts until told to stop, each act under a key of its own that is repeated until it is acknowledged."""

    def __init__(self, site: Site, player: Player, stopped: threading.Event) -> None:
        super().__init__(name=player.name)
        self._site, self._stopped = site, stopped
        self.player = player
        self.acknowledged = 0
        self.answers: Counter[int] = Counter()
        self.succeeded_at = 0.0

    def run(self) -> None:
        while not self._stopped.is_set():
            while not self._act(f"act-{self.acknowledged}"):
                self._stopped.wait(0.05)
                if self._stopped.is_set():
                    return
            self.acknowledged += 1
            self._stopped.wait(0.01)

    def _act(self, key: str) -> bool:
        headers = {
            "Authorization": f"Bearer {self.player.access}", "Content-Type": "application/json", "Idempotency-Key": key,
        }  # fmt: skip
        status, _ = self._site.request("PATCH", "/api/score/update", headers, json.dumps({"action": "step"}))
        self.answers[status] += 1
        if status == http.client.OK:
            self.succeeded_at = time.monotonic()
        return status == http.client.OK


@pytest.fixture
def primary() -> Iterator[PostgreSQL]:
    with PostgreSQL() as primary:
        yield primary
        if primary.is_running:
            # One that stands still would take no other leave.
            primary.signal_all(signal.SIGKILL)


@pytest.mark.parametrize("hangs", [False, True], ids=["killed", "hung"])
def test_a_standby_takes_over_and_nothing_acknowledged_is_lost(primary: PostgreSQL, hangs: bool) -> None:
    site = Site(primary)
    with Standby(primary) as standby:
        standby.make_synchronous()
        site.use(DATABASE_URL=name_both(primary, standby, site.database))
        with site.server:
            players = site.make_players("Ada", "Grace", "Joan", "Mary")
            stopped = threading.Event()
            actors = [Actor(site, player, stopped) for player in players]
            for actor in actors:
                actor.start()
            try:
                wait_until(lambda: all(actor.acknowledged > 5 for actor in actors), seconds=20, what="The first acts")
                with websocket(socket_url(site.server)) as socket:
                    lose(primary, hangs=hangs)
                    standby.promote()
                    promoted_at = time.monotonic()
                    wait_until(
                        lambda: all(actor.succeeded_at > promoted_at for actor in actors),
                        seconds=UPDATES_SECONDS,
                        what="An update of each player after the promotion",
                    )
                    stopped.set()
                    for actor in actors:
                        actor.join()
                    acknowledged = {actor.player.name: actor.acknowledged for actor in actors}
                    deadline = time.monotonic() + BOARDS_SECONDS
                    wait_until(
                        lambda: is_right(site.points(), acknowledged), seconds=BOARDS_SECONDS, what="The right board"
                    )
                    while not is_right(read_points(socket.recv(timeout=deadline - time.monotonic())), acknowledged):
                        pass
            finally:
                stopped.set()
                for actor in actors:
                    actor.join()
            assert {status for actor in actors for status in actor.answers} <= {200, 503}
            check_log(standby, site, actors)
            assert "Traceback" not in site.server.log


def name_both(primary: PostgreSQL, standby: PostgreSQL, database: str) -> str:
    return f"postgresql://scoreboard@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{database}"


def lose(primary: PostgreSQL, *, hangs: bool) -> None:
    """`kill -9` for all its processes; or they stand still, as a machine that is gone: nothing refuses, and nothing answers."""
    primary.signal_all(signal.SIGSTOP if hangs else signal.SIGKILL)


def is_right(points: dict[str, int], acknowledged: dict[str, int]) -> bool:
    """An act that was written, and whose answer was lost, may count beside those that were acknowledged."""
    return points.keys() == acknowledged.keys() and all(
        points[name] in (10 * count, 10 * (count + 1)) for name, count in acknowledged.items()
    )


def read_points(frame: str | bytes) -> dict[str, int]:
    return {entry["name"]: entry["score"] for entry in json.loads(frame)["data"].get("entries", [])}


def check_log(standby: PostgreSQL, site: Site, actors: list[Actor]) -> None:
    """Everything acknowledged is in the log of the new primary, once, and the log verifies."""
    with psycopg.connect(standby.database_url(site.database)) as database:
        for actor in actors:
            row = database.execute(ENTRIES, [actor.player.id]).fetchone()
            assert row
            assert row[0] in (actor.acknowledged, actor.acknowledged + 1)
    site.manage("verify_ledger")
