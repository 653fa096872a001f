"""What our server is compared with, as processes: the plain way under daphne, and a Node.js server that only sends."""

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.stage import ACTION, MARKER, MARKER_POINTS, POINTS, Player, Stage, run_python
from tests.support.processes import ROOT, Server, ServerError

BASELINE = ROOT / "benchmarks" / "baseline"
PEER = ROOT / "benchmarks" / "peers" / "node_ws"


class PlainServer(Server):
    """The baseline project under daphne, one process."""

    name = "The plain server"

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._variables = dict(environment)

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self._variables}

    def _command(self) -> list[str]:
        address = ["-b", "127.0.0.1", "-p", str(self.port)]
        return [sys.executable, "-m", "daphne", "-v", "0", *address, "benchmarks.baseline.asgi:application"]

    def _is_ready(self) -> bool:
        return listens(self.port)


class PlainSite:
    """The baseline with a database of its own on the stage's PostgreSQL."""

    def __init__(self, stage: Stage) -> None:
        self.url = stage.postgresql.create_database("plain")
        self.environment = {
            "SECRET_KEY": stage.environment["SECRET_KEY"],
            "DATABASE_URL": self.url,
            "REDIS_URL": stage.valkey.url.removesuffix("/0") + "/1",
            "PATH": stage.environment["PATH"],
        }
        self._manage("migrate", "--verbosity", "0")

    def make_players(self, count: int) -> list[Player]:
        catalogue = (f"--action={slug}={points}" for slug, points in ((ACTION, POINTS), (MARKER, MARKER_POINTS)))
        printed = self._manage("seed", "--count", str(count), *catalogue)
        return [Player(*line.split("\t")) for line in printed.splitlines()]

    def serve(self) -> PlainServer:
        return PlainServer(self.environment)

    def _manage(self, *arguments: str) -> str:
        return run_python(BASELINE / "manage.py", *arguments, environment=self.environment)


class NodePeer(Server):
    """Node.js with `ws`: sends one frame, encoded once, to every viewer at a steady pace."""

    name = "The Node.js peer"

    def __init__(self, frames_per_second: float, frame_bytes: int) -> None:
        super().__init__()
        self._arguments = [str(frames_per_second), str(frame_bytes)]
        self.node = shutil.which("node")
        if not self.node or not shutil.which("npm"):
            raise ServerError(
                "Node.js was not found. Install it to compare with it (Debian: apt-get install nodejs npm)."
            )
        if not (PEER / "node_modules").is_dir():
            subprocess.run(
                ["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=PEER, stdin=subprocess.DEVNULL, check=True
            )

    def _command(self) -> list[str]:
        return [str(self.node), str(PEER / "server.js"), str(self.port), *self._arguments]

    def _is_ready(self) -> bool:
        return listens(self.port)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
