"""Boards and pages come from a replica; what follows a caller's own write does not; one that lags is seen and passed over."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from websockets.sync.client import connect as websocket

from tests.support.processes import wait_until
from tests.support.replication import Standby
from tests.support.servers import PostgreSQL
from tests.support.site import Player, Site
from tests.support.sockets import socket_url

pytestmark = pytest.mark.postgresql
LAG_SECONDS = 3
READS = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'audit_auditentry'"
RECORDS = "SELECT count(*) FROM audit_verification"


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgreSQL]:
    with PostgreSQL() as primary:
        yield primary


@pytest.fixture
def standby(primary: PostgreSQL) -> Iterator[Standby]:
    with Standby(primary) as standby:
        yield standby


@pytest.fixture
def site(primary: PostgreSQL, standby: Standby) -> Iterator[Site]:
    site = Site(primary)
    site.use(READ_DATABASE_URL=standby.database_url(site.database), READ_LAG_SECONDS=str(LAG_SECONDS))
    with site.server:
        wait_until(lambda: read_state(site) == "ok", seconds=10, what="The first comparison")
        yield site


@pytest.fixture
def ada(site: Site) -> Player:
    """A player with 10 points, on the replica too."""
    [ada] = site.make_players("Ada")
    site.act(ada)
    wait_until(lambda: site.points() == {"Ada": 10}, seconds=5, what="The first points on the replica")
    return ada


@contextmanager
def standing_still(standby: Standby) -> Iterator[None]:
    """Inside, the replica takes in what the primary writes, and shows none of it."""
    with psycopg.connect(standby.database_url("postgres"), autocommit=True) as database:
        database.execute("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            database.execute("SELECT pg_wal_replay_resume()")


def get(site: Site, path: str, **headers: str) -> Any:
    status, body = site.request("GET", path, headers)
    assert status == 200, body
    return json.loads(body)


def count_reads(standby: Standby, site: Site) -> int:
    """Rows of the log that were read on the replica."""
    with psycopg.connect(standby.database_url(site.database), autocommit=True) as database:
        row = database.execute(READS).fetchone()
    return int(row[0]) if row else 0


def read_state(site: Site) -> str:
    return str(json.loads(site.request("GET", "/readyz", {})[1])["parts"]["replica"])


def read_lag(site: Site) -> float:
    lines = site.request("GET", "/metrics", {})[1].splitlines()
    [value] = [line.split()[-1] for line in lines if line.startswith("scoreboard_replica_lag_seconds")]
    return float(value)


def test_everybody_reads_the_replica_and_the_player_the_primary(site: Site, standby: Standby, ada: Player) -> None:
    with standing_still(standby):
        site.act(ada)
        assert site.points() == {"Ada": 10}
        assert get(site, "/api/boards/main")["entries"][0]["score"] == 10
        with websocket(socket_url(site.server)) as socket:
            assert json.loads(socket.recv(timeout=5))["data"]["entries"][0]["score"] == 10
        assert [row["score"] for row in get(site, "/api/players?name=ada")["players"]] == [10]
        assert get(site, "/api/score/me", Authorization=f"Bearer {ada.access}")["score"] == 20
    wait_until(lambda: site.points() == {"Ada": 20}, seconds=5, what="The second points on the replica")


def test_one_that_lags_is_seen_and_passed_over_until_it_is_back(site: Site, standby: Standby, ada: Player) -> None:
    with standing_still(standby):
        site.act(ada)
        wait_until(lambda: read_lag(site) > 1, seconds=5, what="The lag in the metrics")
        top = get(site, "/api/score/top")
        assert top["entries"][0]["score"] == 10
        # What is shown is of before, and says so.
        with psycopg.connect(standby.database_url("postgres")) as database:
            row = database.execute("SELECT clock_timestamp()").fetchone()
            assert row
            assert (row[0] - datetime.fromisoformat(top["as_of"])).total_seconds() > 1
        wait_until(lambda: read_state(site) == "behind", seconds=LAG_SECONDS + 3, what="The word in /readyz")
        wait_until(lambda: site.points() == {"Ada": 20}, seconds=3, what="The points from the primary")
        assert get(site, "/api/boards/main")["entries"][0]["score"] == 20
    wait_until(lambda: read_state(site) == "ok", seconds=5, what="The replica's return")
    assert site.server.log.count("the replica is behind") == site.server.log.count("the replica is ok") == 1


@pytest.mark.parametrize("hangs", [False, True], ids=["killed", "hung"])
def test_one_that_is_away_is_passed_over(site: Site, standby: Standby, ada: Player, hangs: bool) -> None:
    standby.signal_all(signal.SIGSTOP if hangs else signal.SIGKILL)
    try:
        site.act(ada)
        wait_until(lambda: read_state(site) == "unavailable", seconds=5, what="The word in /readyz")
        wait_until(lambda: site.points() == {"Ada": 20}, seconds=5, what="The points from the primary")
        assert get(site, "/api/boards/main")["entries"][0]["score"] == 20
        assert read_lag(site) == -1
        assert "Traceback" not in site.server.log
    finally:
        if hangs:
            standby.signal_all(signal.SIGCONT)


@pytest.mark.usefixtures("ada")
def test_the_log_is_verified_on_the_replica_as_it_is_by_now(site: Site, standby: Standby) -> None:
    before = count_reads(standby, site)
    site.manage("verify_ledger")
    assert "no findings" in site.manage("verify_ledger")
    wait_until(lambda: count_reads(standby, site) > before, seconds=5, what="A read of the log on the replica")
    # What it writes of itself is the primary's, and comes back.
    with psycopg.connect(standby.database_url(site.database), autocommit=True) as database:
        wait_until(lambda: database.execute(RECORDS).fetchone() == (2,), seconds=5, what="The records of both")


def test_a_replica_of_sqlite_is_refused_with_a_sentence(primary: PostgreSQL) -> None:
    site = Site(primary)
    site.use(READ_DATABASE_URL="sqlite:////nowhere/scores.sqlite3")
    with pytest.raises(AssertionError, match="READ_DATABASE_URL names a replica of DATABASE_URL: both must begin with"):
        site.manage("check")
