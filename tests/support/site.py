"""A scoreboard site as a visitor meets it: a database of its own, a real server, players who act through the API."""

import http.client
import itertools
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL, ScoreboardServer

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)
#: Of each cluster, the database of a site that nobody has come to yet: made once, and copied for every site.
_templates: WeakKeyDictionary[PostgreSQL, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class Player:
    name: str
    id: str
    access: str


class Site:
    """Nothing here touches Django in this process: Playwright's event loop and Django's ORM do not share a thread."""

    def __init__(self, postgresql: PostgreSQL, **variables: str) -> None:
        name = f"browser_{uuid.uuid4().hex}"
        self.database = name
        self._environment = {
            **os.environ,
            # The copy of one log says that another's is not what it was.
            "CHECKPOINT_EXPORT": f"{os.environ['CHECKPOINT_EXPORT']}.{name}",
            "SCORE_UPDATE_RATE": "0",
            "READ_RATE": "0",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            **variables,
        }
        if postgresql not in _templates:
            self._make_template(postgresql)
        self.template = _templates[postgresql]
        self._environment["DATABASE_URL"] = postgresql.create_database(name, template=self.template)
        self.server = ScoreboardServer(self._environment)

    def _make_template(self, postgresql: PostgreSQL) -> None:
        name = "site_template"
        self._environment["DATABASE_URL"] = postgresql.create_database(name)
        self.manage("migrate", "--verbosity=0")
        self.manage("make_action", "step", "--points=10")
        self.manage("make_action", "leap", "--points=1000")
        _templates[postgresql] = name

    def use(self, **variables: str) -> None:
        """Set these for the server, which must not run yet, and for commands."""
        self._environment.update(variables)
        self.server.close()
        self.server = ScoreboardServer(self._environment)

    @property
    def url(self) -> str:
        return self.server.url

    def manage(self, *arguments: str) -> str:
        """Runs a management command to its end and gives what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_players(self, *names: str, lifetime: int = 3600) -> list[Player]:
        file = self.server.folder / f"names-{next(_numbers)}"
        file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        lines = self.manage("make_players", "--file", str(file), "--tokens", "--lifetime", str(lifetime)).splitlines()
        return [Player(*line.split("\t")) for line in lines]

    def sign_in(self, username: str) -> dict[str, str]:
        """The tokens of a new user, who becomes a player by it."""
        self.manage("createsuperuser", "--noinput", "--username", username, "--email", f"{username}@example.org")
        credentials = json.dumps({"username": username, "password": PASSWORD})
        status, body = self.request("POST", "/api/token", {"Content-Type": "application/json"}, credentials)
        assert status == 200, body
        tokens: dict[str, str] = json.loads(body)
        return tokens

    def act(self, player: Player, action: str = "step") -> int:
        """One act through the API; the player's points after it."""
        headers = {
            "Authorization": f"Bearer {player.access}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        status, body = self.request("PATCH", "/api/score/update", headers, json.dumps({"action": action}))
        assert status == 200, body
        return int(json.loads(body)["score"])

    def points(self) -> dict[str, int]:
        """Of everyone on the board, by name."""
        _, body = self.request("GET", "/api/score/top", {})
        return {entry["name"]: entry["score"] for entry in json.loads(body)["entries"]}

    def request(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()
