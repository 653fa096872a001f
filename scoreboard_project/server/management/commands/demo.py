"""manage.py demo: a live board from nothing, with simulated players (`./dev run`)."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework_simplejwt.tokens import AccessToken

from scoreboard_project.server.management.commands.serve import check_port
from scores.api.authentication import issue
from scores.demo.boards import make_boards
from scores.demo.cheats import CHEATS
from scores.demo.history import make_history
from scores.demo.reader import place_reader
from scores.demo.seed import ADMIN, FIRST_STEPS, PLAYERS, READER, Demo
from scores.demo.simulation import Api, Simulation
from scores.models import Score

START_SECONDS = 60
STOP_SECONDS = 12
#: A reader may come to the printed command late.
TOKEN_LIFETIME = timedelta(days=1)

BANNER = """
Scoreboard demo: {count} simulated players act through the API, and {cheats} accounts that cheat, which the admin finds flagged.

  Board      {url}/
  Admin      {url}/admin/    {admin} / {admin_password}
  API docs   {url}/api/docs
  You        {player} / {player_password}    for {url}/login; nobody simulates this player, who waits just below the top 10

Move the board yourself: paste this while the page is open.

curl -X PATCH {url}/api/score/update -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s)" \\
  -d '{{"action": "{action}"}}' -H 'Authorization: Bearer {token}'

Each update and refusal is a line in {log}. The data stays in {folder} for the next start.
Ctrl-C ends everything.
"""


class Children:
    """The processes of the demo. Each reads a pipe that only we hold: it ends when we end, however we end."""

    def __init__(self) -> None:
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, *arguments: str, log: IO[bytes] | None = None) -> None:
        """One more process, which runs this command of manage.py and writes what it has to say here, or into the log."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--as-child", *arguments]
        environment = {**os.environ}
        # All simulated players share one address where the machine has but one of its own.
        environment.setdefault("LOGIN_ADDRESS_RATE", "300/m")
        # A terminal sends Ctrl-C to all of us; they inherit to ignore it, and stop in order when we say so.
        ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log, env=environment)  # noqa: S603 - our own words
        signal.signal(signal.SIGINT, ours)
        self._processes.append((arguments[0], process))

    def check(self) -> None:
        """Raises CommandError once one of them has ended by itself."""
        for name, process in self._processes:
            if process.poll() is not None:
                raise CommandError(f"The process of `manage.py {name}` has ended ({process.returncode}); see above.")

    def stop(self) -> None:
        """The last started first; who does not stop in time is ended."""
        deadline = time.monotonic() + STOP_SECONDS
        for _, process in reversed(self._processes):
            process.terminate()
        for _, process in reversed(self._processes):
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Command(BaseCommand):
    help = "A live board from nothing: database, catalogue, admin, players, server, and players who act."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--seconds", type=float, default=0, help="end after so long (default: run until Ctrl-C)")
        parser.add_argument(
            "--folder", type=Path, default=settings.VAR_DIR, help="where logins and key are kept (default: var/)"
        )
        parser.add_argument("--simulate", metavar="URL", help=argparse.SUPPRESS)
        parser.add_argument("--as-child", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def handle(self, *, folder: Path, simulate: str | None, as_child: list[str] | None, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes up players and their points: it runs with DEBUG=1 only (./dev run).")
        if as_child:
            threading.Thread(target=_end_with_parent, daemon=True).start()
            call_command(*as_child)
        elif simulate:
            Simulation(Api(simulate), Demo(folder)).run()
        else:
            self._run(Demo(folder), options["host"], options["port"], options["seconds"])

    def _run(self, demo: Demo, host: str, port: int, seconds: float) -> None:
        check_port(host, port)
        # SIGTERM takes the same way out as Ctrl-C, which a shell's background job would otherwise ignore.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        children = Children()
        try:
            self.stdout.write("Preparing the database, the catalogue and the logins ...")
            call_command("migrate", verbosity=0)
            demo.seed()
            make_history(demo)
            make_boards()
            place_reader()
            local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared with
            url = f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"
            # A file of its own, or the logins above would be out of sight within seconds.
            with demo.open_log() as log:
                children.start("serve", f"--host={host}", f"--port={port}", log=log)
            _wait_for_server(local, port, children)
            children.start("seal_ledger", "--every=60")
            children.start("detect", "--every=15")
            children.start("demo", f"--folder={demo.folder}", f"--simulate={url}")
            self._print_banner(demo, url)
            deadline = time.monotonic() + seconds if seconds else float("inf")
            while time.monotonic() < deadline:
                children.check()
                time.sleep(0.2)
        except KeyboardInterrupt:
            self.stdout.write("Stopping ...")
        except CommandError:
            if demo.log_file.exists():
                self.stderr.write(demo.log_file.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            children.stop()

    def _print_banner(self, demo: Demo, url: str) -> None:
        reader = Score.objects.select_related("user").get(user__username=READER)
        text = BANNER.format(
            count=len(PLAYERS),
            cheats=len(CHEATS),
            url=url,
            admin=ADMIN,
            admin_password=demo.read_admin_password(),
            player=READER,
            player_password=demo.read_passwords()[READER],
            action=FIRST_STEPS.slug,
            token=issue(reader, AccessToken, TOKEN_LIFETIME),
            log=demo.log_file,
            folder=demo.folder,
        )
        self.stdout.write(text)
        self.stdout.flush()


def _wait_for_server(host: str, port: int, children: Children) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        children.check()
        connection = HTTPConnection(host, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise CommandError(f"The server did not answer within {START_SECONDS} s; see above.")


def _end_with_parent() -> None:
    """Wait at the parent's pipe. Read below Python's own buffers, whose lock would be in the way when the process ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
