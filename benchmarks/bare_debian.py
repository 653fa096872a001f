"""The two commands of the README as a newcomer types them: on a bare Debian, from a clone, with nothing inherited.

As root on Debian: apt-get install debootstrap git
    python -m benchmarks.bare_debian [--root FOLDER] [VERB OF ./dev [ARGUMENTS]]

Without a verb: `./dev run` until its page answers, then `./dev test`. The system in FOLDER, made by debootstrap where it is not
there yet, holds Python, its venv module and certificates, and where packages come from as this machine has it. What is
committed is cloned into it. Everything that runs in it ends with the script.
"""

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.support.processes import ROOT, Server, wait_until

PACKAGES = "python3,python3-venv,ca-certificates"
#: Where this machine says from where and how packages come; read when the script runs, and named nowhere else.
CONFIGURATION = [
    *("/etc/apt", "/usr/share/keyrings", "/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"),
    *("/etc/pip.conf", "/etc/xdg/pip", *(str(Path.home() / name) for name in (".config/pip", ".pip", ".npmrc"))),
]
CLONE = "root/scoreboard"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
#: In a mount namespace of its own, which takes the mounts away, and a process namespace, which ends all that runs in it.
ENTER = """
mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/run" && exec chroot "$1" /bin/sh -c "cd /$2 && exec ./dev $3"
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))} ended with {done.returncode}.")
    return done.stdout


def make_system(root: Path) -> None:
    """This machine's release of Debian, from where this machine has it."""
    release = run("sh", "-c", '. /etc/os-release && printf %s "$VERSION_CODENAME"')
    sources = run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Identifier: Packages")
    [uri, *_] = [uri for name, uri in map(str.split, sources.splitlines()) if name == release]
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, root, uri)


def configure(root: Path) -> None:
    for source in map(Path, CONFIGURATION):
        target = root / source.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)


def clone(root: Path) -> None:
    """What is committed; an environment that an earlier run has made is a newcomer's no more, so it goes."""
    shutil.rmtree(root / CLONE, ignore_errors=True)
    run("git", "clone", "--quiet", ROOT, root / CLONE)


def enter(root: Path, *words: str) -> list[str]:
    """The command that carries out one of ./dev in the system."""
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc"]
    return [*alone, "/bin/sh", "-c", ENTER, "sh", str(root), CLONE, shlex.join(words)]


class Run(Server):
    """`./dev run`, ready when its page answers."""

    name = "./dev run"
    start_seconds = 900.0

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def _command(self) -> list[str]:
        return enter(self._root, "run", f"--port={self.port}")

    def _environment(self) -> dict[str, str]:
        return ENVIRONMENT

    def _is_ready(self) -> bool:
        if "Ctrl-C ends everything." not in self.log:
            return False
        with contextlib.suppress(OSError):
            return b"<table" in urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5).read()
        return False


def show_board(root: Path) -> None:
    """A newcomer watches a moving board."""
    with Run(root) as server:
        top = f"http://127.0.0.1:{server.port}/api/score/top"
        wait_until(lambda: b'"rank":10' in urllib.request.urlopen(top).read(), seconds=60, what="A full board")
        print(server.log[server.log.index("Scoreboard demo") :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="keep the system here for the next time")
    parser.add_argument("verb", nargs=argparse.REMAINDER, help="one command of ./dev instead of both")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreboard-debian-") as folder:
        root = (options.root or Path(folder) / "debian").resolve()
        if not (root / "usr/bin/python3").exists():
            make_system(root)
        configure(root)
        clone(root)
        if not options.verb:
            show_board(root)
        command = enter(root, *(options.verb or ["test"]))
        done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
