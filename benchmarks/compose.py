"""compose.yaml for real: brought up by the guide's block, asked by TLS, without Valkey, restarted under load, the block again.

Where there is a Docker with Compose and the images that compose.yaml pins, ports 80 and 443 are free and nothing has this name:
    python -m benchmarks.compose [OVERRIDE]
OVERRIDE is a Compose file over it, for a machine with other ports, networks or limits. The site is removed in the end.
"""

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, wait_until

POINTS = 10
PATIENCE_SECONDS = 30
#: Counted, and never reached.
RATES = "SCORE_UPDATE_RATE=100000/m\nREAD_RATE=100000/m"
AUTHORITY = "/data/caddy/pki/authorities/local/root.crt"


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


class Site:
    """The site in a folder of its own, as its operator and its visitors reach it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        self.tls = ssl.create_default_context()

    def read_block(self, name: str, language: str) -> str:
        text = self._guide.partition(f"<!-- {name} -->\n```{language}\n")[2].partition("```")[0]
        assert text, f"The guide has no block {name}."
        return text.replace("DOMAIN=scoreboard.example.org", f"DOMAIN=localhost\n{RATES}")

    def give(self, block: str) -> str:
        """Carry out the guide's block of this name, as an operator who types it; what it printed."""
        text = self.read_block(block, "sh")
        return run("sh", "-ec", f"umask 022; {text}", folder=self.folder)

    def bring_up(self) -> dict[str, str]:
        """Give the guide's first block; what the secrets and key files are after it."""
        self.give("quarter")
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / ".env", *sorted(self.folder.glob("keys/*/*")))
        }

    def compose(self, *words: str) -> str:
        return run("docker", "compose", *words, folder=self.folder)

    def manage(self, *words: str) -> str:
        return self.compose("run", "--rm", "--no-TTY", "manage", *words)

    def trust(self) -> None:
        """Take the certificate's authority from the proxy, which has one a moment after it is up; then wait for the site."""
        folder = str(Path(AUTHORITY).parent)
        made = lambda: "root.crt" in self.compose("exec", "--no-TTY", "proxy", "sh", "-c", f"ls {folder} || true")  # noqa: E731
        wait_until(made, seconds=60, what="The certificate")
        self.compose("cp", f"proxy:{AUTHORITY}", "root.crt")
        self.tls = ssl.create_default_context(cafile=str(self.folder / "root.crt"))
        wait_until(self.is_up, seconds=60, what="The site")

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://localhost{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS, context=self.tls) as answer:  # noqa: S310 - https, above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def is_up(self) -> bool:
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def update(self, access: str, key: str) -> int:
        headers = {"Authorization": f"Bearer {access}", "Content-Type": "application/json", "Idempotency-Key": key}
        return self.ask("PATCH", "/api/score/update", {"action": "daily-quiz"}, **headers)[0]

    def read_score(self, access: str) -> int:
        return int(json.loads(self.ask("GET", "/api/score/me", Authorization=f"Bearer {access}")[1])["score"])


def measure(site: Site, access: str, name: str, act: Callable[[], object]) -> int:
    """Updates, reads and health checks while something happens; how many updates there were."""
    happening = threading.Thread(target=act)
    happening.start()
    answers: Counter[tuple[str, int]] = Counter()
    slowest = {"update": 0.0, "top": 0.0, "healthz": 0.0}
    while happening.is_alive():
        number = answers.total()
        asks = {
            "update": lambda number=number: site.update(access, f"{name}-{number}"),
            "top": lambda: site.ask("GET", "/api/score/top")[0],
            "healthz": lambda: site.ask("GET", "/healthz")[0],
        }
        for what, ask in asks.items():
            began = time.monotonic()
            answers[what, ask()] += 1
            slowest[what] = max(slowest[what], time.monotonic() - began)
    told = ", ".join(f"{what} {status}: {count}" for (what, status), count in sorted(answers.items()))
    print(f"{name}: {told}; slowest " + ", ".join(f"{what} {seconds:.2f} s" for what, seconds in slowest.items()))
    assert {status for _, status in answers} == {200}
    return sum(count for (what, _), count in answers.items() if what == "update")


@contextmanager
def prepared(override: list[str]) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="scoreboard-compose-"))
    try:
        for name in run("git", "ls-files", folder=ROOT).splitlines():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
        for path in override:
            shutil.copy(path, folder / "compose.override.yaml")
        yield Site(folder)
    finally:
        if (folder / ".env").exists():
            run("docker", "compose", "--profile", "manage", "down", "--volumes", "--timeout", "15", folder=folder)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    # A clone of somebody careful, whose files the user of the servers could not read.
    os.umask(0o077)
    with prepared(sys.argv[1:2]) as site:
        before = site.bring_up()
        site.manage("make_action", "daily-quiz", f"--points={POINTS}")
        site.manage("createsuperuser", "--noinput", "--username=admin", "--email=admin@example.org")
        access = site.manage("make_players", "--count=1", "--tokens", "--lifetime=3600").split("\t")[2]
        site.trust()
        assert site.update(access, "first") == 200
        updates = 1
        updates += measure(site, access, "valkey-gone", lambda: (site.compose("stop", "valkey"), time.sleep(30)))
        updates += measure(site, access, "valkey-back", lambda: (site.compose("start", "valkey"), time.sleep(10)))
        again = ("up", "--detach", "--no-deps", "--force-recreate", "--wait")
        updates += measure(site, access, "restart", lambda: [site.compose(*again, name) for name in ("web-1", "web-2")])
        assert site.bring_up() == before
        wait_until(site.is_up, seconds=60, what="The site")
        score = json.loads(site.ask("GET", "/api/score/top")[1])["entries"][0]["score"]
        print(f"{updates} updates, {score} points")
        assert score == updates * POINTS
        print(site.manage("seal_ledger"))
        print(site.manage("verify_ledger", "--pinned", "/data/checkpoints.jws"))
        print(site.compose("logs", "--no-log-prefix", "--tail=3", "web-1", "sealer", "detector"))


if __name__ == "__main__":
    main()
