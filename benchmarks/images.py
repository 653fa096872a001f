"""The images that compose.yaml and the Dockerfile pin, from Debian, for a machine that reaches no registry of images.

They have the pinned names and what compose.yaml asks of them, but not the pinned contents: Debian bookworm by debootstrap
with its Python 3.11, PostgreSQL 15 (pinned is 18) and redis-cli in place of valkey-cli, and the Caddy and Valkey of
requirements-dev.txt. So they are for an engine of their own (engine.py), never for one that a site runs on.
"""

import re
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.processes import ROOT
from tests.support.servers import find_caddy, find_valkey

PACKAGES = "ca-certificates,postgresql,python3,python3-pip,python3-venv,redis-tools,wget"
SUITE = "bookworm"
BASE = "debian-of-the-bench"
#: What the official image's entry point does, as far as compose.yaml relies on it.
POSTGRESQL = """#!/bin/sh
set -e
PGDATA=/var/lib/postgresql/15/docker
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres /var/lib/postgresql /run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
PATH=$PATH:/usr/lib/postgresql/15/bin
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" >/tmp/password
    initdb --pgdata "$PGDATA" --encoding UTF8 --username postgres --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait start
    createdb --username postgres "$POSTGRES_DB"
    for file in /docker-entrypoint-initdb.d/*.sql; do
        psql --username postgres --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --no-psqlrc --file "$file"
    done
    pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
fi
exec "$@" -D "$PGDATA" -c "listen_addresses=*"
"""
#: The service -> what is done to Debian. Folders are owned as in the official images, because fresh volumes take it over.
CHANGES = {
    "proxy": "COPY caddy /usr/bin/caddy\nENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data\nRUN mkdir -p /config /data\n",
    "postgresql": (
        "COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh\n"
        "ENV PATH=$PATH:/usr/lib/postgresql/15/bin\n"
        "RUN rm -rf /var/lib/postgresql/* && mkdir -p /docker-entrypoint-initdb.d\n"
        # As the official image: a stop ends sessions instead of waiting for them.
        "STOPSIGNAL SIGINT\n"
    ),
    "valkey": "COPY valkey-server /usr/local/bin/valkey-server\nRUN ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli\n",
    "base": "",
}


def read_pinned() -> dict[str, str]:
    """What each kind of image is called: three services of compose.yaml, and the base of our own."""
    compose, dockerfile = ((ROOT / name).read_text(encoding="utf-8") for name in ("compose.yaml", "Dockerfile"))
    pinned = dict(re.findall(r"^  (\w+):\n(?:    .*\n)*?    image: (docker\.io\S+)$", compose, re.MULTILINE))
    return pinned | {"base": dockerfile.partition("ARG BASE=")[2].split()[0]}


def find_mirror() -> str:
    """Where this machine's own apt has Debian from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return next(line.split()[0] for line in told.splitlines() if line.split()[1] == SUITE)


def read_pip_settings() -> str:
    """This machine's own index of packages, where it has one, as pip in a build is to be told."""
    told = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.findall(r"^[^.]+\.(index-url|trusted-host)='(.*)'$", told, re.MULTILINE)
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in dict(found).items())]) + "\n"


def make_images(run: Callable[..., str], folder: Path) -> list[str]:
    """Make in `folder` what is pinned, by `run`, which runs a command against the engine; what was made."""
    debian = folder / "debian"
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(debian), find_mirror(), folder=folder)
    # Whom this machine trusts, a build trusts too.
    shutil.copy(ssl.get_default_verify_paths().cafile or "", debian / "etc/ssl/certs/ca-certificates.crt")
    (debian / "etc/pip.conf").write_text(read_pip_settings(), encoding="utf-8")
    run(
        "tar",
        "--create",
        "--file=debian.tar",
        "--exclude=./var/cache/apt/*",
        "--exclude=./dev/*",
        "-C",
        str(debian),
        ".",
        folder=folder,
    )
    run("docker", "import", "debian.tar", BASE, folder=folder)
    shutil.copy(find_caddy(), folder / "caddy")
    shutil.copy(find_valkey(), folder / "valkey-server")
    (folder / "docker-entrypoint.sh").write_text(POSTGRESQL, encoding="utf-8")
    for name in ("caddy", "valkey-server", "docker-entrypoint.sh"):
        (folder / name).chmod(0o755)
    (folder / ".dockerignore").write_text("debian\ndebian.tar\n", encoding="utf-8")
    pinned = read_pinned()
    for kind, image in pinned.items():
        (folder / "Dockerfile").write_text(f"FROM {BASE}\n{CHANGES[kind]}", encoding="utf-8")
        run("docker", "build", "--quiet", "--tag", image, ".", folder=folder)
    return sorted(pinned.values())
