"""Players who go on acting over HTTP whatever happens to the server, and what must have come of it."""

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from audit.models import AuditEntry
from scores.awards.rules import Attempt, SelfReport
from scores.models import Score
from tests.support.acting import UPDATE, access_token
from tests.support.awards import caller_of

ACTION = "daily-quiz"
PAUSE_SECONDS = 0.02


class Acknowledged(NamedTuple):
    """An act that was answered with success: its key, and when it was first sent and answered, in microseconds since 1970."""

    key: str
    sent_us: int
    answered_us: int


class Actor(threading.Thread):
    """Acts with a token until stopped, and repeats each act under the same key until it is acknowledged.

    With a little pause: as fast as they are answered, four of these grow the log quicker than one process verifies it beside them,
    and use up the ports of the machine. `answers` counts statuses, 0 for no answer.
    """

    def __init__(self, port: int, token: str, stopped: threading.Event, *, action: str, name: str) -> None:
        super().__init__(name=name)
        self._port, self._token, self._action = port, token, action
        self._stopped = stopped
        self.acknowledged: list[Acknowledged] = []
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        while not self._stopped.is_set():
            key = f"{self.name}-{len(self.acknowledged)}"
            sent_us, deadline = time.time_ns() // 1000, time.monotonic() + 60
            while not self._send(key):
                if time.monotonic() > deadline:
                    return
                self._stopped.wait(0.02)
            self.acknowledged.append(Acknowledged(key, sent_us, time.time_ns() // 1000))
            self._stopped.wait(PAUSE_SECONDS)

    def _send(self, key: str) -> bool:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("PATCH", UPDATE, json.dumps({"action": self._action}), headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self.answers[0] += 1
            return False
        else:
            self.answers[response.status] += 1
            return response.status == http.HTTPStatus.OK
        finally:
            connection.close()


class Writer(Actor):
    """A player of this process's database, whose entries are known."""

    def __init__(self, port: int, player: Score, stopped: threading.Event, name: str = "act") -> None:
        super().__init__(port, access_token(player), stopped, action=ACTION, name=name)
        self.player = player

    @property
    def refs(self) -> list[str | None]:
        """Of the entries that there must be."""
        return [self.make_ref(act.key) for act in self.acknowledged]

    def make_ref(self, key: str) -> str | None:
        return Attempt(caller_of(self.player), SelfReport(ACTION, key), {}).ref


@contextlib.contextmanager
def writing(ports: Sequence[int], players: Sequence[Score], count: int) -> Iterator[list[Writer]]:
    """Within, so many act, one after another shared out among servers and players; after it each act is acknowledged."""
    stopped = threading.Event()
    writers = [
        Writer(ports[number % len(ports)], players[number // len(ports) % len(players)], stopped, f"writer-{number}")
        for number in range(count)
    ]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        stopped.set()
        for writer in writers:
            writer.join(90)


def check_written_once(writers: Sequence[Writer]) -> None:
    """Each act that was acknowledged is one entry of its player, and there is no other."""
    for player in {writer.player.pk: writer.player for writer in writers}.values():
        refs = [ref for writer in writers if writer.player == player for ref in writer.refs]
        assert len(refs) > 0
        written = AuditEntry.objects.filter(player=player.pk).values_list("ref", flat=True)
        assert sorted(map(str, written)) == sorted(map(str, refs))
