"""A server process under test: started on loopback, waited for, stopped by its id, and never left behind."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]

# Waits at a pipe that only its starter can write to; the end of it without a word means that the starter is gone.
WATCHDOG = """
read -r word && exit
kill -s "$2" -- "-$1"
tries=0
while kill -0 -- "-$1" && [ "$tries" -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
rm -rf -- "$3"
"""


class ServerError(RuntimeError):
    """A server could not be found, started or stopped; the message says what to do, or what the server wrote last."""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Returns as soon as `condition` holds; raises ServerError when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(f"{what} did not happen within {seconds:g} s.")
        time.sleep(0.02)


def free_port() -> int:
    """A port below the ephemeral range: a client that calls a stopped server could be given its port there."""
    for port in random.sample(range(20000, 32000), 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError("No free port was found on 127.0.0.1.")


def as_user(user: str | None) -> dict[str, Any]:
    """Arguments that make subprocess run something as `user`, which only root may do."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Server:
    """One process with a folder of its own: stop() and start() keep what is in it, close() removes it."""

    name = "server"
    stop_signal = signal.SIGTERM
    # What ends the process at once without losing track of its children.
    kill_signal = signal.SIGKILL
    start_seconds = 60.0
    stop_seconds = 15.0

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="scoreboard-"))
        self.port = free_port()
        self.user: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath)}

    @property
    def log(self) -> str:
        """All that the process has written so far, through restarts too."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError(f"{self.name} is not started.")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.is_running:
            raise ServerError(f"{self.name} is running already.")
        self._forget()
        try:
            self._spawn()
            wait_until(
                lambda: not self.is_running or self._is_ready(),
                seconds=self.start_seconds,
                what=f"The start of {self.name}",
            )
        except ServerError as error:
            self.kill()
            raise ServerError(f"{error} It wrote:\n{self.log[-4000:]}") from None
        except BaseException:
            self.kill()
            raise
        if not self.is_running:
            self._forget()
            raise ServerError(f"{self.name} ended while starting. It wrote:\n{self.log[-4000:]}")

    def stop(self) -> None:
        """Asks for an orderly stop; one that takes too long is an error, and the process is ended."""
        if self.is_running:
            os.killpg(self.process.pid, self.stop_signal)
            try:
                wait_until(
                    lambda: not self.is_running, seconds=self.stop_seconds, what=f"The orderly stop of {self.name}"
                )
            except BaseException:
                self.kill()
                raise
        self._forget()

    def kill(self) -> None:
        """Ends the process as a crash would."""
        if self.is_running:
            os.killpg(self.process.pid, self.kill_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=10)
        self._forget()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self) -> None:
        """Starts the process and its watchdog.

        The kernel's PR_SET_PDEATHSIG would do half of the watchdog's work: it follows the thread that started a process
        rather than the process, is lost when the child changes its user, and leaves the folder behind.
        """
        command = self._command()
        # Sessions of their own: Ctrl-C in the terminal is for the tests, which then stop their servers in order.
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_user(self.user),
            )
        numbers = [str(self._process.pid), self.kill_signal.name.removeprefix("SIG"), str(self.folder)]
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, "watchdog", *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _forget(self) -> None:
        if self._process is not None:
            # Workers must not outlive a parent that crashed, and keep its port.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)
        if self._watchdog is not None:
            self._watchdog.communicate(b"over\n", timeout=10)
        self._process = self._watchdog = None
