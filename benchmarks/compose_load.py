"""Players who go on while something happens to a site under Compose, and what they were told."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from itertools import count
from uuid import uuid4

from benchmarks.compose import POINTS, Site

PLAYERS = 4
#: Between two askings with one key, where the first was not acknowledged.
PAUSE_SECONDS = 0.2


class Load:
    """Updates of some players without a pause, each repeated under its key until it is acknowledged."""

    def __init__(self, site: Site) -> None:
        told = site.manage("make_players", f"--count={PLAYERS}", "--tokens", "--lifetime=86400")
        self._tokens = [line.split("\t")[2] for line in told.splitlines()]
        self._site = site
        self._stop = threading.Event()
        self.acknowledged: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._slowest = 0.0

    @contextmanager
    def during(self, name: str, *, may_refuse: bool = False) -> Iterator[None]:
        """Keep players at it while the block runs; ends the script where one is refused who may not be."""
        before, began = self.acknowledged.total(), time.monotonic()
        self._stop.clear()
        self._refusals.clear()
        self._slowest = 0.0
        players = [threading.Thread(target=self._play, args=(token,), daemon=True) for token in self._tokens]
        for player in players:
            player.start()
        try:
            yield
        finally:
            self._stop.set()
            for player in players:
                player.join(timeout=120)
        refused = ", ".join(f"{count} times {what}" for what, count in sorted(self._refusals.items())) or "none refused"
        updates = self.acknowledged.total() - before
        told = f"{updates} updates, {refused}, slowest {self._slowest:.1f} s"
        print(f"{name}: {time.monotonic() - began:.0f} s, {told}", flush=True)
        assert not any(player.is_alive() for player in players), "An update was not acknowledged within two minutes."
        assert may_refuse or not self._refusals, "Something was refused."

    def _play(self, token: str) -> None:
        while not self._stop.is_set():
            self._update(token, str(uuid4()))

    def _update(self, token: str, key: str) -> None:
        for attempt in count():
            time.sleep(PAUSE_SECONDS if attempt else 0)
            began = time.monotonic()
            try:
                outcome = str(self._site.update(token, key))
            except (OSError, HTTPException) as error:
                outcome = type(getattr(error, "reason", error)).__name__
            self._slowest = max(self._slowest, time.monotonic() - began)
            if outcome == "200":
                self.acknowledged[token] += 1
                return
            self._refusals[outcome] += 1

    def move(self, site: Site) -> None:
        """Go on at another machine's site."""
        self._site = site

    def check(self) -> None:
        """End the script where somebody's score is not what was acknowledged."""
        wrong = {
            token: (score, self.acknowledged[token] * POINTS)
            for token in self._tokens
            if (score := self._site.read_score(token)) != self.acknowledged[token] * POINTS
        }
        assert not wrong, f"Scores, and what they should be: {list(wrong.values())}"
