"""`manage.py demo` as a process of its own, as a newcomer starts it."""

import sys
from pathlib import Path

from tests.support.processes import ROOT, Server


class DemoProcess(Server):
    """`manage.py demo`, ready when it has told where everything is."""

    name = "The demo"
    # It hashes a password for each of fifty players, beside whatever else this machine does.
    start_seconds = 180.0

    def __init__(self, environment: dict[str, str], keep_in: Path, *options: str) -> None:
        super().__init__()
        self._variables = environment
        self._options = [f"--folder={keep_in}", *options]

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self._variables}

    def _command(self) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), "demo", f"--port={self.port}", *self._options]

    def _is_ready(self) -> bool:
        return "Ctrl-C ends everything." in self.log
