"""The demo's simulated players: clients like any other, who sign in and act through the API alone.

One thread plays all honest ones, as no two of them act in the same instant; a cheat has a thread of its own, and the pauses its plan
says. A player keeps tokens, and the pauses the server asked for (Retry-After).
"""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scores.demo.cheats import CHEATS, Move
from scores.demo.seed import (
    AGENTS,
    CATALOGUE,
    ISSUER,
    KID,
    PLAYERS,
    Demo,
    DemoAction,
    choose_points,
    choose_value,
    is_awake,
)
from scores.receipts.signing import sign_receipt

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
    #: Which of this machine's own addresses it comes from (127.0.0.N).
    address: int = 1
    access: str = ""
    refresh: str = ""
    id: str = ""
    score: int = 0
    free_at: float = 0.0
    action_free_at: dict[str, float] = field(default_factory=dict)

    def is_awake(self, now: datetime) -> bool:
        return is_awake(self.address, now)


@dataclass(frozen=True)
class ApiResponse:
    status: int
    retry_after: int
    document: dict[str, Any]


class Api:
    """JSON over a connection for each call; an answer that cannot be had looks like 503, which asks for a pause."""

    def __init__(self, url: str) -> None:
        self._site = urlsplit(url)
        # Everyone comes from an own address where all of 127.0.0.0/8 is the machine's, as on Linux; else they share one.
        self._has_addresses = str(self._site.hostname).startswith("127.") and _can_use("127.0.0.2")

    def call(self, method: str, path: str, body: Any = None, *, address: int = 1, **headers: str) -> ApiResponse:
        data = None if body is None else json.dumps(body).encode()
        source = (f"127.0.0.{address}", 0) if self._has_addresses else None
        connection = HTTPConnection(self._site.netloc, timeout=10, source_address=source)
        headers = {"Content-Type": "application/json", "User-Agent": AGENTS[address % len(AGENTS)], **headers}
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            document = json.loads(response.read() or b"{}")
        except (OSError, HTTPException, ValueError):
            return ApiResponse(503, 1, {})
        finally:
            connection.close()
        return ApiResponse(response.status, int(response.headers.get("Retry-After", 1)), document)


class Site:
    """The scoreboard and the backend that signs receipts for it, as its players meet them."""

    def __init__(self, api: Api, key: Ed25519PrivateKey) -> None:
        self._api = api
        self._key = key
        self._forged_key = Ed25519PrivateKey.generate()

    def act(
        self, player: SimulatedPlayer, action: str, points: int, *, value: int | None = None, is_forged: bool = False
    ) -> ApiResponse | None:
        """One act of a player, who signs in for it first where needed: proved by a receipt, or self-reported (0 points)."""
        if not (player.access or self._sign_in(player)):
            return None
        answer = self._send(player, action, points, value, is_forged)
        if answer.status == 401:
            # The access token has run out after its five minutes; the refresh token gets the next pair.
            player.access = ""
            if not self._sign_in(player):
                return None
            answer = self._send(player, action, points, value, is_forged)
        if answer.status == 200:
            player.score = answer.document["score"]
        return answer

    def _sign_in(self, player: SimulatedPlayer) -> bool:
        if player.refresh:
            answer = self._call(player, "POST", "/api/token/refresh", {"refresh": player.refresh})
            player.refresh = ""
        else:
            login = {"username": player.username, "password": player.password}
            answer = self._call(player, "POST", "/api/token", login)
        if answer.status != 200:
            player.free_at = time.monotonic() + answer.retry_after
            return False
        player.access, player.refresh = answer.document["access"], answer.document["refresh"]
        if not player.id:
            me = self._call(player, "GET", "/api/score/me")
            if me.status != 200:
                player.free_at = time.monotonic() + me.retry_after
                player.access = ""
                return False
            player.id, player.score = me.document["player"]["id"], me.document["score"]
        return True

    def _send(
        self, player: SimulatedPlayer, action: str, points: int, value: int | None, is_forged: bool
    ) -> ApiResponse:
        if not points:
            return self._call(player, "PATCH", UPDATE, {"action": action}, **{"Idempotency-Key": str(uuid4())})
        key = self._forged_key if is_forged else self._key
        receipt = sign_receipt(key, kid=KID, issuer=ISSUER, player=player.id, action=action, points=points, value=value)
        return self._call(player, "PATCH", UPDATE, {"receipt": receipt})

    def _call(self, player: SimulatedPlayer, method: str, path: str, body: Any = None, **headers: str) -> ApiResponse:
        if player.access:
            headers["Authorization"] = f"Bearer {player.access}"
        return self._api.call(method, path, body, address=player.address, **headers)


class Simulation:
    """All players of the demo on one site."""

    def __init__(self, api: Api, demo: Demo) -> None:
        self._site = Site(api, demo.read_key())
        passwords = demo.read_passwords()
        self._players = [
            SimulatedPlayer(username, passwords[username], number) for number, username in enumerate(PLAYERS, start=1)
        ]
        self._cheats = [
            (SimulatedPlayer(cheat.username, passwords[cheat.username], cheat.address), cheat.plan) for cheat in CHEATS
        ]
        self._active: list[SimulatedPlayer] = []
        self._active_until = 0.0
        self._random = random.Random()  # noqa: S311 - whims, not secrets

    def run(self) -> None:
        """Act until the process is ended. At first as many as fill the board, so that nobody has to wait for it."""
        for player in self._random.sample(self._list_awake(), OPENING_PLAYERS):
            self.act(player)
        for player, plan in self._cheats:
            threading.Thread(target=self.cheat, args=(player, plan(self._random)), daemon=True).start()
        while True:
            burst = self._random.random() < BURST_SHARE
            for _ in range(self._random.randint(*BURST_ACTS) if burst else 1):
                self.act(self._choose_player())
                time.sleep(self._random.uniform(*(BURST_PAUSE_SECONDS if burst else PAUSE_SECONDS)))

    def cheat(self, player: SimulatedPlayer, moves: Iterator[Move]) -> None:
        """Do as planned, by the clock and not by how long answers take, whatever they are."""
        due = time.monotonic()
        for move in moves:
            due = max(due + move.pause, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            self._site.act(player, move.action, move.points, is_forged=move.is_forged)

    def act(self, player: SimulatedPlayer | None) -> None:
        """An honest player does one thing."""
        action = None if player is None else self._choose_action(player)
        if player is None or action is None:
            return
        points, value = choose_points(self._random, action), choose_value(self._random, action)
        answer = self._site.act(player, action.slug, points, value=value)
        if answer is not None:
            self._learn(player, action, answer)

    def _list_awake(self) -> list[SimulatedPlayer]:
        now = datetime.now(UTC)
        return [player for player in self._players if player.is_awake(now)]

    def _choose_player(self) -> SimulatedPlayer | None:
        now = time.monotonic()
        awake = self._list_awake()
        if now > self._active_until:
            leaders = sorted(awake, key=lambda player: -player.score)[:12]
            half = ACTIVE_PLAYERS // 2
            self._active = self._random.sample(leaders, half) + self._random.sample(awake, half)
            self._active_until = now + ACTIVE_SECONDS
        group = self._active if self._random.random() < ACTIVE_SHARE else awake
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

    def _learn(self, player: SimulatedPlayer, action: DemoAction, answer: ApiResponse) -> None:
        now = time.monotonic()
        if answer.status == 200:
            # What counts once a day is not tried again: its refusals would be all that the server's log shows.
            pause = DAY_SECONDS if action.daily_cap == 1 else action.cooldown_seconds
            player.action_free_at[action.slug] = now + pause
        elif answer.document.get("code") in {"cooldown", "daily_cap"}:
            player.action_free_at[action.slug] = now + answer.retry_after
        else:
            # Too fast (429), out of order (503), or not wanted here, say frozen (4xx): leave it for a while.
            player.free_at = now + (answer.retry_after if answer.status in {429, 503} else 60)


def _can_use(address: str) -> bool:
    """Whether a connection may come from this address of the machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
