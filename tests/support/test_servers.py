"""The test servers themselves: what the other tests and the benchmarks take for granted."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.support.processes import ROOT, Server, ServerError, wait_until
from tests.support.servers import PostgreSQL, ScoreboardServer, Valkey

pytestmark = pytest.mark.postgresql


class Sleeper(Server):
    """Stands for any server: ready at once, and ends when asked to."""

    name = "The sleeper"
    stop_seconds = 0.3

    def __init__(self, script: str) -> None:
        super().__init__()
        self._script = script

    def _command(self) -> list[str]:
        return ["/bin/sh", "-c", self._script]

    def _is_ready(self) -> bool:
        return "ready" in self.log


def is_alive(pid: int) -> bool:
    """A zombie is dead: it only waits for a parent to take note."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_postgresql_is_a_supported_release_with_durable_commits_on_loopback_only(postgresql: PostgreSQL) -> None:
    with psycopg.connect(postgresql.url) as connection:
        assert connection.info.server_version // 10000 >= 15
        settings = "SELECT current_setting('fsync'), current_setting('listen_addresses')"
        assert connection.execute(settings).fetchone() == ("on", "127.0.0.1")


def test_postgresql_keeps_what_was_committed_through_a_restart_and_a_crash() -> None:
    with PostgreSQL() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (number int)")
        for interrupt in (server.stop, server.kill):
            with psycopg.connect(server.url) as connection:
                connection.execute("INSERT INTO kept VALUES (1)")
            interrupt()
            assert not server.is_running
            server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (2,)


def test_a_postgresql_that_stood_still_leaves_no_process_behind() -> None:
    with PostgreSQL() as server, psycopg.connect(server.url):
        postmaster = psutil.Process(server.process.pid)
        processes = [postmaster.pid, *(process.pid for process in postmaster.children(recursive=True))]
        assert len(processes) > 5
        server.signal_all(signal.SIGSTOP)
        server.signal_all(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, processes)), seconds=10, what="The end of all its processes")


def test_the_programs_beside_postgresql_run(postgresql: PostgreSQL) -> None:
    for program in ("pg_dump", "pgbench", "psql"):
        done = subprocess.run([postgresql.bin / program, "--version"], check=True, capture_output=True, text=True)
        assert done.stdout.startswith(program)


def test_valkey_begins_empty_after_a_restart() -> None:
    with Valkey() as server:
        for _ in range(2):
            with redis.Redis.from_url(server.url) as client:
                assert client.dbsize() == 0
                client.set("word", "kept nowhere")
            server.restart()


def test_a_scoreboard_server_of_two_workers_serves_the_test_database_and_stops_in_order(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server = scoreboard_server(workers=2)
    for _ in range(2):
        with urllib.request.urlopen(f"{server.url}/api/score/top", timeout=10) as answer:
            assert json.load(answer)["entries"] == []
        server.restart()
    server.stop()
    assert "Traceback" not in server.log


def test_close_leaves_neither_process_nor_folder() -> None:
    server = Sleeper("echo ready; exec sleep 60")
    with server:
        pid = server.process.pid
        assert is_alive(pid)
    assert not is_alive(pid)
    assert not server.folder.exists()


def test_a_server_that_ends_while_starting_is_an_error_with_its_last_words() -> None:
    with (
        pytest.raises(ServerError, match=r"(?s)The sleeper ended while starting.*no such config"),
        Sleeper("echo no such config; exit 3"),
    ):
        pass


def test_a_server_that_does_not_stop_is_ended_and_reported() -> None:
    server = Sleeper("trap '' TERM; echo ready; while :; do sleep 1; done")
    server.start()
    pid = server.process.pid
    with pytest.raises(ServerError, match=r"The orderly stop of The sleeper did not happen within 0\.3 s\."):
        server.close()
    assert not is_alive(pid)
    assert not server.folder.exists()


def test_a_worker_does_not_outlive_a_parent_that_crashed() -> None:
    with Sleeper("sleep 60 & echo $! ready; wait") as server:
        worker = int(server.log.split()[0])
        os.kill(server.process.pid, signal.SIGKILL)
        wait_until(lambda: not server.is_running, seconds=5, what="The end of the parent")
        assert is_alive(worker)
    wait_until(lambda: not is_alive(worker), seconds=5, what="The end of the worker")


def test_nothing_is_left_when_the_starter_is_killed() -> None:
    script = (
        "import os\n"
        "from tests.support.servers import PostgreSQL, Valkey\n"
        "with PostgreSQL() as database, Valkey() as store:\n"
        "    print(database.process.pid, store.process.pid, database.folder, store.folder, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    first, second, *folders = done.stdout.split()
    wait_until(lambda: not is_alive(int(first)) and not is_alive(int(second)), seconds=10, what="The end of both")
    wait_until(lambda: not any(Path(folder).exists() for folder in folders), seconds=15, what="The removal of both")
