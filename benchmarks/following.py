"""Updates of one player, the marker, followed from their commit to the last viewer."""

import contextlib
import http.client
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.costs import Spent
from benchmarks.load import Load, Outcome, make_updates
from benchmarks.measuring import Sizes, check, measure
from benchmarks.stage import ACTION, MARKER, MARKER_POINTS, Player, Stage, address
from benchmarks.table import figure
from benchmarks.viewers import Seen, Viewers
from tests.support.processes import Server, ServerError, wait_until

TOP = "/api/score/top"
#: When each of the newest updates of the marker player was made, just before its commit, in microseconds.
MOMENTS = "SELECT at_us FROM audit_auditentry WHERE kind = 'award' AND action = %s ORDER BY seq DESC LIMIT %s"
PLAIN_MOMENTS = (
    "SELECT extract(epoch FROM created_at) * 1e6 FROM board_scoreevent WHERE action_id = %s ORDER BY id DESC LIMIT %s"
)
LATEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """A server with viewers, and who acts on it; the first of the players is the marker player."""

    stage: Stage
    sizes: Sizes
    group: str
    web: Server
    players: Sequence[Player]
    viewers: Viewers
    url: str
    moments: str = MOMENTS

    def read_moments(self, count: int) -> list[float]:
        """The monotonic times of the last followed updates, in order."""
        with self.stage.connect(self.url) as connection:
            found = connection.execute(self.moments.encode(), (MARKER, count)).fetchall()
        offset = time.monotonic() - time.time()
        return [float(moment) / 1e6 + offset for (moment,) in reversed(found)]

    @property
    def count(self) -> str:
        return figure(self.sizes.viewers[-1], 0)


@dataclass(frozen=True, slots=True)
class Trace:
    """The followed updates: their scores and commits, what the viewers saw, and what came of the loads beside."""

    scores: Sequence[int]
    moments: Sequence[float]
    seen: Seen
    outcomes: list[Outcome]
    spent: Spent

    @property
    def late(self) -> list[float]:
        """Milliseconds from each commit to the moment when the last viewer had seen that score or a later one."""
        late = (
            1000 * (self.seen.reached_all(score) - moment)
            for score, moment in zip(self.scores, self.moments, strict=True)
        )
        return [each for each in late if not math.isnan(each)]


def followed(
    watched: Watched,
    writer: Server,
    rate: float,
    *beside: Load,
    seconds: float = 0,
    during: Callable[[], None] = lambda: None,
) -> Trace:
    heads, body = make_updates([watched.players[0].token], MARKER)
    seconds = seconds or 2 * watched.sizes.seconds
    marks = Load([address(writer)], heads, seconds, connections=1, body=body, keyed=True, rate=rate)
    before = read_mark(writer)
    watched.viewers.reset()
    outcomes, spent = measure(watched.stage, [watched.web], [marks, *beside], during=during)
    check(outcomes[0], "the followed updates")
    scores = [before + MARKER_POINTS * number for number in range(1, outcomes[0].good + 1)]
    with contextlib.suppress(ServerError):
        wait_until(
            lambda: not math.isnan(watched.viewers.look().reached_all(scores[-1])),
            seconds=LATEST_SECONDS,
            what="The last update's arrival at every viewer",
        )
    return Trace(scores, watched.read_moments(len(scores)), watched.viewers.look(), outcomes, spent)


def updates(web: Server, players: Sequence[Player], seconds: float, *, connections: int, rate: float = 0) -> Load:
    heads, body = make_updates((player.token for player in players), ACTION)
    return Load([address(web)], heads, seconds, connections=connections, body=body, keyed=True, rate=rate)


def read_mark(web: Server) -> int:
    """The marker player's points: whoever else leads has less than one mark."""
    connection = http.client.HTTPConnection(*address(web), timeout=10)
    connection.request("GET", TOP, headers={"Host": "localhost"})
    entries = json.loads(connection.getresponse().read())["entries"]
    connection.close()
    leading = int(entries[0]["score"]) if entries else 0
    return leading - leading % MARKER_POINTS
