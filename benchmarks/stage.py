"""What every measurement stands on: a PostgreSQL and a Valkey of its own, keys, the catalogue, players, our server."""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import psycopg
import redis
from psycopg import sql

from tests.support.plugin import Profile, forget_own_environment, make_environment
from tests.support.processes import ROOT, Server, ServerError
from tests.support.servers import PostgreSQL, ScoreboardServer, Valkey

#: What the load's updates say they did, and what it is worth.
ACTION, POINTS = "daily-quiz", 10
#: What the player does whose updates are followed to the viewers: always the first of the board.
MARKER, MARKER_POINTS = "marker", 1_000_000
#: In force, counted and answered for as in production, but never reached.
RATE = "1000000/m"


class Player(NamedTuple):
    """A player of the load: who, and the token to act with."""

    id: str
    token: str


#: What every part starts from: our tables and the catalogue.
PREPARED = "prepared"
OTHER_DATABASES = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> ALL(%s)"


class Stage:
    """Servers and data of one run, for as long as the `with` lasts. Default durability: fsync is on."""

    def __init__(self, postgresql: PostgreSQL | None = None) -> None:
        self.postgresql = postgresql or PostgreSQL()
        self.valkey = Valkey()
        self._stack = contextlib.ExitStack()
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        allow_many_descriptors()
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="scoreboard-bench-"))
            stack.enter_context(self.postgresql)
            stack.enter_context(self.valkey)
            self.folder = Path(folder)
            forget_own_environment()
            keys = make_environment(Profile("postgresql", self.folder, self.postgresql, self.valkey))
            self.environment = {
                **keys,
                "SCORE_UPDATE_RATE": RATE,
                "READ_RATE": "100000000/m",
                "SOCKETS_PER_ADDRESS": "0",
                "PATH": os.environ.get("PATH", os.defpath),
            }
            self.manage_all(
                ("migrate", "--verbosity", "0"),
                ("make_action", ACTION, "--points", str(POINTS)),
                ("make_action", MARKER, "--points", str(MARKER_POINTS)),
            )
            with self.connect(self.postgresql.database_url("postgres")) as connection:
                connection.execute(f"ALTER DATABASE scoreboard RENAME TO {PREPARED}".encode())
            self.clear()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def clear(self) -> None:
        """Begin anew: nothing that a part left is there."""
        with self.connect(self.postgresql.database_url("postgres")) as connection:
            left = connection.execute(OTHER_DATABASES, [[PREPARED, "postgres"]]).fetchall()
            for (name,) in left:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        self.postgresql.create_database("scoreboard", template=PREPARED)
        redis.Redis.from_url(self.valkey.url).flushall()
        Path(self.environment["CHECKPOINT_EXPORT"]).unlink(missing_ok=True)

    def serve(self, workers: int = 1, **environment: str) -> ScoreboardServer:
        """Our server in production settings; the caller enters and leaves it."""
        return ScoreboardServer({**self.environment, **environment}, workers=workers)

    def manage(self, *arguments: str, **environment: str) -> str:
        """One of our commands, run to its good end; what it printed."""
        return run_python(ROOT / "manage.py", *arguments, environment={**self.environment, **environment})

    def manage_all(self, *commands: Sequence[str]) -> None:
        """Several of our commands, run one after the other by one process."""
        calls = "".join(f"call_command(*{list(command)})\n" for command in commands)
        self.manage("shell", "--no-imports", "-c", f"from django.core.management import call_command\n{calls}")

    def make_players(self, count: int) -> list[Player]:
        printed = self.manage("make_players", "--count", str(count), "--tokens", "--lifetime", "86400")
        return [Player(*line.split("\t")[1:]) for line in printed.splitlines()]

    def connect(self, url: str = "") -> psycopg.Connection:
        return psycopg.connect(url or self.postgresql.url, autocommit=True)

    def count(self, query: str, url: str = "") -> int:
        with self.connect(url) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0] or 0) if row else 0

    def settle(self) -> None:
        """Let PostgreSQL finish what earlier measurements left to do, so that the next is not charged for it."""
        with self.connect() as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


def run_python(program: Path, *arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{program.name} {arguments[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def allow_many_descriptors() -> None:
    """As many sockets as the system lets us, for ourselves and the servers we start."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def address(server: Server) -> tuple[str, int]:
    """Where a server listens: on loopback, unless it says otherwise (a host of its own)."""
    return getattr(server, "host", "127.0.0.1"), server.port
