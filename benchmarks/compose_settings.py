"""What the guide says of a site's settings under Compose: more workers, and visitors by IPv6."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from benchmarks.compose import Site
from benchmarks.compose_load import Load
from benchmarks.compose_steps import await_health, measure_memory, set_variable

#: Docker before 27 chooses none by itself.
SUBNET = {"networks": {"outside": {"ipam": {"config": [{"subnet": "fd5c:6f3a::/64"}]}}}}


@contextmanager
def overridden(site: Site, name: str, text: str) -> Iterator[None]:
    """The site with one more Compose file over it, and as it was after the block."""
    (site.folder / name).write_text(text, encoding="utf-8")
    files = ["compose.yaml", *(["compose.override.yaml"] if (site.folder / "compose.override.yaml").exists() else [])]
    set_variable(site, "COMPOSE_FILE", ":".join([*files, name]))
    try:
        yield
    finally:
        set_variable(site, "COMPOSE_FILE", ":".join(files))


def scale(site: Site, load: Load) -> None:
    """Give both servers more workers and PostgreSQL more connections, as the guide does."""
    site.give("connections")
    await_health(site)
    with overridden(site, "workers.yaml", site.read_block("workers", "yaml")):
        site.compose("up", "--detach")
        await_health(site)
        with load.during("more workers"):
            time.sleep(10)
            measure_memory(site, "with more workers")
            asked = ("exec", "-T", "postgresql", "psql", "-U", "postgres", "-Atc")
            told = site.compose(*asked, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'scoreboard_app'")
        print(f"with more workers: {told} connections of servers", flush=True)
    site.compose("up", "--detach")
    await_health(site)
    load.check()


def find_own_ipv6() -> str | None:
    """An address of this machine that is no loopback's, where it has one."""
    lines = (line.split() for line in Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines())
    # The fourth column is the scope: 00 is global.
    addresses = [line[0] for line in lines if line[3] == "00" and not line[5].startswith(("br-", "docker", "veth"))]
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(addresses[0])) if addresses else None


def read_visitor(site: Site, address: str) -> str:
    """The address that the servers see of who comes to this machine's `address`."""
    site.compose("up", "--detach")
    site.trust()
    began = str(int(time.time()))
    connection = HTTPSConnection("localhost", context=site.tls, timeout=30)
    connection.sock = site.tls.wrap_socket(socket.create_connection((address, 443), 30), server_hostname="localhost")
    connection.request("GET", "/api/score/me", headers={"Authorization": "Bearer none"})
    assert connection.getresponse().status == 401
    logs = site.compose("logs", "--no-log-prefix", "--since", began, "web-1", "web-2").splitlines()
    return next(str(line["address"]) for line in map(json.loads, logs) if line.get("status") == 401)


def visit_by_ipv6(site: Site) -> None:
    """See that a visitor by IPv6 has an address of Docker's without IPV6=true, and its own with it."""
    if (own := find_own_ipv6()) is None:
        print("by IPv6: this machine has none", flush=True)
        return
    shared = read_visitor(site, own)
    set_variable(site, "IPV6", "true")
    with overridden(site, "subnet.yaml", json.dumps(SUBNET)):
        site.compose("down")
        found = read_visitor(site, own)
        print(f"by IPv6 to {own}: seen as {shared} at first, as {found} with IPV6=true", flush=True)
        assert ":" in found
        site.compose("down")
    set_variable(site, "IPV6", "false")
    site.compose("up", "--detach")
    site.trust()
    await_health(site)
