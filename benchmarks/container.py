"""The Dockerfile and compose.yaml for real, without Docker: built by buildah, run by podman and runc behind Caddy.

As root on Debian: apt-get install buildah podman runc nginx-light debootstrap
    python -m benchmarks.container [--store FOLDER] [OPTIONS OF buildah build]

The base image is made by debootstrap where FOLDER, which keeps images for the next time, does not hold it. Servers listen
on loopback, everything ends with the script.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import websockets

from tests.support.plugin import Profile, make_environment
from tests.support.processes import ROOT, Server, wait_until
from tests.support.servers import Caddy, PostgreSQL, Valkey

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
BASE = DOCKERFILE.partition("ARG BASE=")[2].split()[0]
IMAGE = "localhost/scoreboard:trial"
USER = 10001
#: As compose.yaml has it; there is no network of containers here, so they share the machine's loopback.
CONFINED = [
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--network=host",
    "--ulimit=nofile=1024:1024",
    "--ulimit=nproc=1000:1000",
    "--no-healthcheck",
]
POINTS = 10


def run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


class Store:
    """A place of our own for images."""

    def __init__(self, folder: Path) -> None:
        self._options = [f"--root={folder}/images", f"--runroot={folder}/run", "--storage-driver=vfs"]

    def buildah(self, *arguments: str | Path) -> str:
        return run("buildah", *self._options, *arguments)

    def podman(self, *arguments: str | Path) -> list[str]:
        return ["podman", *self._options, "--runtime=runc", "--cgroup-manager=cgroupfs", *map(str, arguments)]


def make_base(store: Store, folder: Path) -> None:
    """Debian with its Python, under the name that the Dockerfile builds on."""
    run("debootstrap", "--variant=minbase", "--include=python3,python3-venv,python3-pip", "bookworm", folder / "debian")
    container = store.buildah("from", "scratch")
    store.buildah("add", container, folder / "debian", "/")
    store.buildah("commit", "--rm", container, BASE)


class Container(Server):
    """One service of compose.yaml."""

    # Its files are copied for it, and removed after it.
    stop_seconds = 60.0

    def __init__(self, store: Store, variables: Mapping[str, str], keys: Path, command: str, *words: str) -> None:
        super().__init__()
        self.name = f"scoreboard-trial-{command}-{self.port}"
        environment = [f"--env={name}={value}" for name, value in variables.items()]
        volume = [f"--volume={keys}:/keys:ro", f"--volume={keys}/data:/data"]
        options = ["--rm", f"--name={self.name}", *CONFINED, *environment, *volume]
        self.command = store.podman("run", *options, IMAGE, command, *words)

    def _command(self) -> list[str]:
        return [*self.command, "--host", "127.0.0.1", "--port", str(self.port)]

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status == 200)
        return False


class Nginx(Server):
    """The proxy of docs/operations.md, in front of the same servers, with a certificate of its own."""

    name = "nginx"

    def __init__(self, upstreams: list[int]) -> None:
        super().__init__()
        self.authority = self.folder / "scoreboard.pem"
        key = self.folder / "scoreboard.key"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        run(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            *subject,
            "-keyout",
            key,
            "-out",
            self.authority,
        )
        text = (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("```nginx\n")[2].partition("```")[0]
        for old, new in {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "scoreboard.example.org": "localhost",
            "/etc/ssl": str(self.folder),
            **{f"127.0.0.1:800{number}": f"127.0.0.1:{port}" for number, port in enumerate(upstreams)},
        }.items():
            text = text.replace(old, new)
        head = f"daemon off; pid {self.folder}/pid; events {{}}\nhttp {{ access_log off;\n"
        (self.folder / "nginx.conf").write_text(f"{head}{text}}}", encoding="utf-8")

    def _command(self) -> list[str]:
        return ["nginx", "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
            return True
        return False


class Site:
    """The site as its visitors reach it: by TLS, through the proxy."""

    def __init__(self, proxy: Caddy | Nginx) -> None:
        self._address = f"localhost:{proxy.port}"
        self._tls = ssl.create_default_context(cafile=str(proxy.authority))

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://{self._address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15, context=self._tls) as answer:  # noqa: S310 - https, above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def update(self, access: str, key: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {access}", "Content-Type": "application/json", "Idempotency-Key": key}
        return self.ask("PATCH", "/api/score/update", {"action": "daily-quiz"}, **headers)

    async def watch(self, access: str, key: str) -> float:
        """Seconds from an update to the frame that shows it."""
        async with websockets.connect(f"wss://{self._address}/ws/scoreboard", ssl=self._tls) as viewer:
            await asyncio.wait_for(viewer.recv(), 10)
            began = time.monotonic()
            status, body = await asyncio.to_thread(self.update, access, key)
            assert status == 200, body
            while True:
                frame = json.loads(await asyncio.wait_for(viewer.recv(), 10))
                if frame["event"] == "scoreboardUpdate" and frame["data"]["entries"]:
                    return time.monotonic() - began


def look(proxy: Caddy | Nginx, access: str) -> Site:
    """That pages, sockets and updates pass, and metrics do not."""
    site = Site(proxy)
    wait_until(lambda: site.ask("GET", "/healthz")[0] == 200, seconds=15, what="The way through the proxy")
    assert site.ask("GET", "/")[0] == 200
    assert [site.ask("GET", path)[0] for path in ("/metrics", "/readyz")] == [404, 404]
    milliseconds = asyncio.run(site.watch(access, f"by {proxy.name}".replace(" ", "-"))) * 1000
    print(f"from update to socket, through {proxy.name}: {milliseconds:.0f} ms")
    return site


def try_out(site: Site, access: str, web: list[Container]) -> None:
    assert site.ask("POST", "/api/token", {"username": "x" * 2_000_000, "password": ""})[0] == 413
    assert site.ask("GET", "/api/score/top", **{"X-Filler": "x" * 60_000})[0] == 431
    restarting = threading.Thread(target=lambda: [container.restart() for container in web])
    restarting.start()
    number = 0
    while restarting.is_alive():
        number += 1
        status, body = site.update(access, f"key-{number}")
        assert status == 200, (status, body)
    assert json.loads(body)["score"] == (number + 2) * POINTS
    print(f"{number} updates while one server after the other restarted: all answered 200, each counted once")


@contextlib.contextmanager
def started(store: Store, folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """PostgreSQL and Valkey, and the environment of a container."""
    with PostgreSQL() as postgresql, Valkey() as valkey:
        keys = folder / "keys"
        (keys / "data").mkdir(parents=True)
        variables = make_environment(Profile("postgresql", keys, postgresql, valkey))
        variables = {name: value.replace(str(keys), "/keys") for name, value in variables.items()}
        variables |= {
            "HTTPS_ONLY": "on",
            "TRUSTED_PROXIES": "1",
            "ALLOWED_HOSTS": "localhost",
            "SCORE_UPDATE_RATE": "0",
        }
        variables["CHECKPOINT_EXPORT"] = "/data/checkpoints.jws"
        for path in (keys, *keys.rglob("*")):
            os.chown(path, USER, USER)
        yield variables, keys


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="scoreboard-container-"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=folder, metavar="FOLDER")
    options, build = parser.parse_known_args()
    store = Store(options.store)
    try:
        if f'"{BASE}"' not in store.buildah("images", "--json"):
            make_base(store, folder)
        began = time.monotonic()
        store.buildah("build", "--isolation=chroot", "--pull-never", "--format=docker", *build, f"--tag={IMAGE}", ROOT)
        print(f"built in {time.monotonic() - began:.0f} s")
        print(store.buildah("images", "--filter=dangling=false", "--format={{.Name}}:{{.Tag}} {{.Size}}"))
        with started(store, folder) as (variables, keys), contextlib.ExitStack() as stack:
            once = lambda *words: run(*Container(store, variables, keys, *words).command)  # noqa: E731
            began = time.monotonic()
            once("migrate", "--verbosity=0")
            print(f"migrated in {time.monotonic() - began:.1f} s")
            once("make_action", "daily-quiz", f"--points={POINTS}")
            (keys / "names").write_text("Ada\n", encoding="utf-8")
            access = once("make_players", "--file=/keys/names", "--tokens", "--lifetime=3600").split("\t")[2]
            began = time.monotonic()
            web = [stack.enter_context(Container(store, variables, keys, "serve")) for _ in range(2)]
            print(f"two servers ready in {time.monotonic() - began:.1f} s")
            ports = [container.port for container in web]
            with Nginx(ports) as nginx:
                look(nginx, access)
            try_out(look(stack.enter_context(Caddy(ports)), access), access, web)
            print(once("seal_ledger"))
            print(once("verify_ledger", "--pinned=/data/checkpoints.jws"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
