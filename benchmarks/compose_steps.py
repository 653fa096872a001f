"""What an operator does with a site under Compose, and what happens to it, each a step that prints what it took."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

from benchmarks.compose import Site, run
from benchmarks.compose_load import Load
from tests.support.processes import wait_until

SERVICES = ("proxy", "web-1", "web-2", "sealer", "detector", "postgresql", "valkey")
AWAY_SECONDS = 6


@contextmanager
def step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def is_healthy(site: Site) -> bool:
    """Whether every service runs, and none that has a health check is without a good one."""
    told = site.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.Health}}")
    states = {name: " ".join(state) for name, *state in map(str.split, told.splitlines())}
    return set(states) == set(SERVICES) and set(states.values()) <= {"running", "running healthy"}


def await_health(site: Site) -> None:
    wait_until(lambda: is_healthy(site), seconds=120, what="Health of every service")


def look(site: Site, load: Load) -> None:
    """A page, its scripts, what is kept inside, and an update that a socket hears of, by TLS."""
    for path in ("/", "/verify", "/admin/login/", "/api/score/top"):
        assert site.ask("GET", path)[0] == 200, path
    assert [site.ask("GET", path)[0] for path in ("/metrics", "/readyz")] == [404, 404]
    assert "scoreboard_updates_total" in site.give("metrics")
    with connect("wss://localhost/ws/scoreboard", ssl=site.tls) as viewer:
        viewer.recv(timeout=10)
        with load.during("update and socket"):
            frame = json.loads(viewer.recv(timeout=10))
            while frame["event"] != "scoreboardUpdate" or not frame["data"]["entries"]:
                frame = json.loads(viewer.recv(timeout=10))


def measure_memory(site: Site, when: str) -> None:
    """Print what memory and how many tasks each service has, and the sum."""
    names = site.compose("ps", "--format", "{{.Name}}").split()
    told = run("docker", "stats", "--no-stream", "--format", "{{json .}}", *names, folder=site.folder)
    rows = [json.loads(line) for line in told.splitlines()]
    memory = {row["Name"]: parse_mebibytes(row["MemUsage"].split()[0]) for row in rows}
    each = (
        f"{name} {size:.0f} MiB and {row['PIDs']} tasks" for row, (name, size) in zip(rows, memory.items(), strict=True)
    )
    print(f"{when}: {sum(memory.values()):.0f} MiB ({', '.join(each)})", flush=True)


def parse_mebibytes(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * {"B": 2**-20, "KiB": 2**-10, "MiB": 1, "GiB": 2**10}[unit]


def set_variable(site: Site, name: str, value: str) -> None:
    """Write one line of .env, in place of the one that was there."""
    file = site.folder / ".env"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(f"{name}=")]
    file.write_text("\n".join([*lines, f"{name}={value}", ""]), encoding="utf-8")


def upgrade(site: Site, load: Load) -> None:
    """Restart one server after the other, put in a release and take it back, without one refusal."""
    again = ("up", "--detach", "--no-deps", "--force-recreate", "--wait")
    with load.during("rolling restart"):
        for name in ("web-1", "web-2"):
            site.compose(*again, name)
    for name, version, block in (("upgrade", "2", "upgrade"), ("back to the old release", "latest", "back")):
        set_variable(site, "SCOREBOARD_VERSION", version)
        with load.during(name):
            site.give(block)
        images = site.compose("ps", "--format", "{{.Image}}", "web-1", "web-2", "sealer", "detector")
        assert set(images.splitlines()) == {f"scoreboard:{version}"}, images
        await_health(site)
    load.check()


def read_process(site: Site, name: str) -> int:
    """The id of a service's first process, 0 while there is none."""
    container = site.compose("ps", "--all", "--quiet", name)
    return int(run("docker", "inspect", "--format", "{{.State.Pid}}", container, folder=site.folder))


def kill(site: Site, name: str) -> None:
    """Kill a service as the kernel does when memory is short, and wait until Docker has started it again by itself."""
    process = read_process(site, name)
    # Not by `docker kill`, after which Docker leaves it stopped.
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: read_process(site, name) not in (0, process), seconds=60, what=f"A new start of {name}")


def disturb(site: Site, load: Load) -> None:
    """Stop, pause and kill each service: it is back, the site too, and nothing acknowledged is lost."""
    for name in SERVICES:
        with load.during(f"{name} stopped", may_refuse=True):
            site.compose("stop", name)
            time.sleep(AWAY_SECONDS)
            site.compose("start", name)
            await_health(site)
        with load.during(f"{name} paused", may_refuse=True):
            # Where the machine is busy, runc gives up on it now and then, and says so: once more.
            run("sh", "-c", f"docker compose pause {name} || docker compose pause {name}", folder=site.folder)
            time.sleep(AWAY_SECONDS)
            site.compose("unpause", name)
            await_health(site)
        with load.during(f"{name} killed", may_refuse=True):
            kill(site, name)
            await_health(site)
        load.check()
    print(site.give("daily"), flush=True)


def lose_and_recover(site: Site, load: Load) -> None:
    """Back up, go on, lose all volumes, recover: the backup's points are there, and a new epoch explains the rest."""
    with step("backup"):
        site.give("backup")
    kept = load.acknowledged.copy()
    with load.during("after the backup"):
        time.sleep(3)
    site.manage("seal_ledger")
    # The copy that is taken elsewhere is newer than the backup.
    site.compose("cp", "sealer:/data/checkpoints.jws", "backup/checkpoints.jws")
    site.compose("down", "--volumes")
    with step("restore on emptied volumes"):
        site.give("restore")
    refused = run("sh", "-c", f"{site.read_block('daily', 'sh').strip()} || echo ended with $?", folder=site.folder)
    assert "behind the exported checkpoint" in refused, refused
    site.give("epoch")
    site.give("start")
    load.acknowledged = kept
    see_that_it_goes_on(site, load)


def see_that_it_goes_on(site: Site, load: Load) -> None:
    site.trust()
    await_health(site)
    load.check()
    with load.during("after the recovery"):
        time.sleep(3)
    load.check()
    site.manage("seal_ledger")
    print(site.give("daily"), flush=True)


def carry(backup: Path, site: Site) -> None:
    """Put the backup of one machine beside a clone on another."""
    shutil.copytree(backup, site.folder / "backup")
    with step("restore on a second machine"):
        for block in ("unpack", "restore", "start"):
            site.give(block)
