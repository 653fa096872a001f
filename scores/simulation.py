"""The demo's simulated players: clients like any other, who sign in and act through the API alone.

One thread plays them all, as no two of them act in the same instant; a player keeps tokens, and the pauses the server
asked for (Retry-After).
"""

import json
import random
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from scores.demo import CATALOGUE, ISSUER, KID, Demo, DemoAction
from scores.issuing import sign_receipt

UPDATE = "/api/score/update"
#: Most acts are proved by a receipt, as on a site that takes points seriously.
PROVED_SHARE = 0.8
OPENING_PLAYERS = 14
#: Players have good days: for a while a few of them do most of what is done, so that ranks change hands.
ACTIVE_PLAYERS = 8
ACTIVE_SHARE = 0.85
ACTIVE_SECONDS = 25
BURST_SHARE = 0.12
PAUSE_SECONDS = (0.4, 1.3)
BURST_PAUSE_SECONDS = (0.08, 0.25)
BURST_ACTS = (4, 9)
DAY_SECONDS = 86_400


@dataclass
class SimulatedPlayer:
    """What one client knows: the login, the tokens, the player's id from the access token's owner, and when to try again."""

    username: str
    password: str
    access: str = ""
    refresh: str = ""
    id: str = ""
    score: int = 0
    free_at: float = 0.0
    action_free_at: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after: int
    document: dict[str, Any]


class Api:
    """JSON over one kept connection; an answer that cannot be had looks like 503, which asks for a pause."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=10)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            response = self._connection.getresponse()
            document = json.loads(response.read() or b"{}")
        except (OSError, HTTPException, ValueError):
            self.close()
            return Answer(503, 1, {})
        return Answer(response.status, int(response.headers.get("Retry-After", 1)), document)

    def close(self) -> None:
        self._connection.close()


class Simulation:
    """All players of the demo on one site."""

    def __init__(self, api: Api, demo: Demo) -> None:
        self._api = api
        self._key = demo.read_key()
        self._players = [SimulatedPlayer(*login) for login in demo.read_passwords().items()]
        self._active: list[SimulatedPlayer] = []
        self._active_until = 0.0
        self._random = random.Random()  # noqa: S311 - whims, not secrets

    def run(self) -> None:
        """Act until the process is ended. At first as many as fill the board, so that nobody has to wait for it."""
        for player in self._random.sample(self._players, OPENING_PLAYERS):
            self.act(player)
        while True:
            burst = self._random.random() < BURST_SHARE
            for _ in range(self._random.randint(*BURST_ACTS) if burst else 1):
                self.act(self._choose_player())
                time.sleep(self._random.uniform(*(BURST_PAUSE_SECONDS if burst else PAUSE_SECONDS)))

    def act(self, player: SimulatedPlayer | None) -> None:
        """The player does one thing, and signs in for it first where needed."""
        if player is None or not (player.access or self._sign_in(player)):
            return
        action = self._choose_action(player)
        if action is None:
            return
        answer = self._send(player, action)
        if answer.status == 401:
            # The access token has run out after its five minutes; the refresh token gets the next pair.
            player.access = ""
            if not self._sign_in(player):
                return
            answer = self._send(player, action)
        self._learn(player, action, answer)

    def _choose_player(self) -> SimulatedPlayer | None:
        now = time.monotonic()
        if now > self._active_until:
            leaders = sorted(self._players, key=lambda player: -player.score)[:12]
            half = ACTIVE_PLAYERS // 2
            self._active = self._random.sample(leaders, half) + self._random.sample(self._players, half)
            self._active_until = now + ACTIVE_SECONDS
        group = self._active if self._random.random() < ACTIVE_SHARE else self._players
        free = [player for player in group if player.free_at <= now]
        return self._random.choice(free) if free else None

    def _choose_action(self, player: SimulatedPlayer) -> DemoAction | None:
        now = time.monotonic()
        is_proved = self._random.random() < PROVED_SHARE
        free = [
            action
            for action in CATALOGUE
            if bool(action.most) == is_proved and player.action_free_at.get(action.slug, 0) <= now
        ]
        return self._random.choice(free) if free else None

    def _sign_in(self, player: SimulatedPlayer) -> bool:
        if player.refresh:
            answer = self._api.call("POST", "/api/token/refresh", {"refresh": player.refresh})
            player.refresh = ""
        else:
            login = {"username": player.username, "password": player.password}
            answer = self._api.call("POST", "/api/token", login)
        if answer.status != 200:
            player.free_at = time.monotonic() + answer.retry_after
            return False
        player.access, player.refresh = answer.document["access"], answer.document["refresh"]
        if not player.id:
            me = self._api.call("GET", "/api/score/me", Authorization=f"Bearer {player.access}")
            if me.status != 200:
                player.free_at = time.monotonic() + me.retry_after
                player.access = ""
                return False
            player.id, player.score = me.document["player"]["id"], me.document["score"]
        return True

    def _send(self, player: SimulatedPlayer, action: DemoAction) -> Answer:
        bearer = {"Authorization": f"Bearer {player.access}"}
        if not action.most:
            return self._api.call(
                "PATCH", UPDATE, {"action": action.slug}, **bearer, **{"Idempotency-Key": str(uuid4())}
            )
        points = self._random.randrange(action.points, action.most + 1, 5)
        receipt = sign_receipt(self._key, kid=KID, issuer=ISSUER, player=player.id, action=action.slug, points=points)
        return self._api.call("PATCH", UPDATE, {"receipt": receipt}, **bearer)

    def _learn(self, player: SimulatedPlayer, action: DemoAction, answer: Answer) -> None:
        now = time.monotonic()
        if answer.status == 200:
            player.score = answer.document["score"]
            # What counts once a day is not tried again: its refusals would be all that the server's log shows.
            pause = DAY_SECONDS if action.daily_cap == 1 else action.cooldown_seconds
            player.action_free_at[action.slug] = now + pause
        elif answer.document.get("code") in {"cooldown", "daily_cap"}:
            player.action_free_at[action.slug] = now + answer.retry_after
        else:
            # Too fast (429), out of order (503), or not wanted here, say frozen (4xx): leave it for a while.
            player.free_at = now + (answer.retry_after if answer.status in {429, 503} else 60)
