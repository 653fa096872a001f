"""Part 3: ten thousand viewers. What a frame costs, how late the last viewer is, what API and updates notice of it."""

import contextlib
import http.client
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.costs import Meter, memory
from benchmarks.load import Load, Outcome, get_head, make_updates
from benchmarks.measuring import Sizes, check, measure, measure_row
from benchmarks.servers import NodePeer, PlainSite
from benchmarks.stage import ACTION, MARKER, MARKER_POINTS, Player, Stage, address
from benchmarks.table import Row, figure, percentile
from benchmarks.viewers import Viewers
from tests.processes import Server, ServerError, wait_until

TOP = "/api/score/top"
#: Updates a second that are followed to the viewers: more than frames can follow.
MARKS = 20.0
#: For daphne, which sends a frame for each update.
PLAIN_MARKS = 2.0
FRAME_BYTES = 1500
#: When each of the newest updates of the marker player was made, just before its commit, in microseconds.
MOMENTS = "SELECT at_us FROM audit_auditentry WHERE kind = 'award' AND action = %s ORDER BY seq DESC LIMIT %s"
PLAIN_MOMENTS = (
    "SELECT extract(epoch FROM created_at) * 1e6 FROM board_scoreevent WHERE action_id = %s ORDER BY id DESC LIMIT %s"
)
KIBIBYTES_PER_MEBIBYTE = 1024
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


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(max(sizes.players, 20))
    group = f"Fan-out to {figure(sizes.viewers[-1], 0)} viewers"
    node = _measure_node(stage, sizes, f"{group}, 1 web process")
    yield node
    yield _measure_plain(stage, sizes, node.group)
    for workers in (1, 2):
        with stage.serve(workers) as web, stage.serve() as writer, Viewers([address(web)]) as viewers:
            name = f"{group}, {workers} web process{'es' if workers > 1 else ''}"
            watched = Watched(stage, sizes, name, web, players, viewers, stage.postgresql.url)
            yield from _measure_ours(watched, writer, node if workers == 1 else None)


def _measure_ours(watched: Watched, writer: Server, node: Row | None) -> Iterator[Row]:
    quiet = "ours, updates unpaced, nobody watches"
    yield _updates(watched, quiet, against=quiet)
    row = connected(watched, "ours, frames alone")
    follow(watched, writer, row, MARKS)
    row.note += f", updates by another process{compare(row, node)}"
    yield row
    yield from _measure_lateness(watched)
    yield _updates(watched, f"ours, updates unpaced, {watched.count} watch", against=quiet)


def _updates(watched: Watched, name: str, *, against: str) -> Row:
    """The rate of updates by all players but the marker player, as fast as answers come."""
    load = updates(watched.web, watched.players[1:], watched.sizes.seconds, connections=watched.sizes.connections)
    return measure_row(
        watched.stage, [watched.web], load, watched.sizes, group=watched.group, name=name, against=against
    )[0]


def _measure_lateness(watched: Watched) -> Iterator[Row]:
    """Updates, reads and viewers on the same processes: how late the last viewer is, and how slow the API gets."""
    row = Row(watched.group, "ours, frames beside API requests", note="p50, p99: from commit to the last viewer")
    seconds = 2 * watched.sizes.seconds
    where = [address(watched.web)]
    beside = (
        ("GET top", Load(where, [get_head(TOP)], seconds, connections=4, rate=50)),
        ("updates", updates(watched.web, watched.players[1:], seconds, connections=4, rate=30)),
    )
    outcomes = follow(watched, watched.web, row, MARKS, *(load for _, load in beside))
    yield row
    for (name, load), outcome in zip(beside, outcomes[1:], strict=True):
        check(outcome, name)
        yield Row(
            watched.group,
            f"ours, {name} at {load.rate:.0f}/s beside frames",
            p50=percentile(outcome.latencies, 0.5),
            p99=percentile(outcome.latencies, 0.99),
        )


def _measure_plain(stage: Stage, sizes: Sizes, group: str) -> Row:
    plain = PlainSite(stage)
    players = plain.make_players(20)
    with plain.serve() as web, Viewers([address(web)]) as viewers:
        watched = Watched(stage, sizes, group, web, players, viewers, plain.url, PLAIN_MOMENTS)
        try:
            row = connected(watched, "plain way, frames")
            follow(watched, web, row, PLAIN_MARKS)
        except ServerError as error:
            return Row(group, "plain way, frames", note=f"gave up: {error}")
        row.note += f", {PLAIN_MARKS:.0f} updates/s by the same process"
        return row


def _measure_node(stage: Stage, sizes: Sizes, group: str) -> Row:
    name = "Node.js ws, one pre-encoded frame"
    try:
        peer = NodePeer(frames_per_second=3, frame_bytes=FRAME_BYTES)
    except ServerError as error:
        return Row(group, name, note=str(error))
    with peer, Viewers([address(peer)]) as viewers:
        row = connected(Watched(stage, sizes, group, peer, [], viewers, ""), name)
        row.is_reference = True
        meter = Meter(stage, [peer]).start()
        viewers.reset()
        time.sleep(sizes.seconds)
        row.spent, row.operations = meter.stop(), viewers.look().frames
        row.rate = row.operations / row.spent.seconds
    return row


def connected(watched: Watched, name: str) -> Row:
    """A row that says how long it took to connect all viewers and what each takes."""
    before, count = memory(watched.web.process.pid), watched.sizes.viewers[-1]
    seconds = watched.viewers.connect(count)
    each = (memory(watched.web.process.pid) - before) * KIBIBYTES_PER_MEBIBYTE / count
    return Row(watched.group, name, note=f"connected in {seconds:.1f} s, {each:.0f} KiB a viewer")


def follow(watched: Watched, writer: Server, row: Row, rate: float, *beside: Load, seconds: float = 0) -> list[Outcome]:
    """Updates of the marker player, followed to the last viewer; fills the row in."""
    seconds = seconds or 2 * watched.sizes.seconds
    heads, body = make_updates([watched.players[0].token], MARKER)
    marks = Load([address(writer)], heads, seconds, connections=1, body=body, keyed=True, rate=rate)
    before = read_mark(writer)
    watched.viewers.reset()
    outcomes, spent = measure(watched.stage, [watched.web], [marks, *beside])
    check(outcomes[0], "the followed updates")
    scores = [before + MARKER_POINTS * number for number in range(1, outcomes[0].good + 1)]
    seen = watched.viewers.look()
    row.rate, row.operations, row.spent = seen.frames / spent.seconds, seen.frames, spent
    late = _lateness(watched.viewers, scores, watched.read_moments(len(scores)))
    row.p50, row.p99 = percentile(late, 0.5), percentile(late, 0.99)
    if lost := len(scores) - len(late):
        row.note += f", {lost} of {len(scores)} updates never reached everybody"
    return outcomes


def _lateness(viewers: Viewers, scores: Sequence[int], committed: Sequence[float]) -> list[float]:
    """Milliseconds from each commit to the moment when the last viewer had seen that score or a later one."""
    with contextlib.suppress(ServerError):
        wait_until(
            lambda: not math.isnan(viewers.look().reached_all(scores[-1])),
            seconds=LATEST_SECONDS,
            what="The last update's arrival at every viewer",
        )
    seen = viewers.look()
    late = (1000 * (seen.reached_all(score) - moment) for score, moment in zip(scores, committed, strict=True))
    return [each for each in late if not math.isnan(each)]


def compare(row: Row, node: Row | None) -> str:
    """What a frame costs in CPU, against Node.js."""
    if node is None or node.spent is None or row.spent is None or not (node.spent.web and row.operations):
        return ""
    times = (row.spent.web / row.operations) / (node.spent.web / node.operations)
    return f", {times:.2f} x Node's CPU a frame"


def updates(web: Server, players: Sequence[Player], seconds: float, *, connections: int, rate: float = 0) -> Load:
    heads, body = make_updates((player.token for player in players), ACTION)
    return Load([address(web)], heads, seconds, connections=connections, body=body, keyed=True, rate=rate)


def read_mark(web: Server) -> int:
    """The marker player's points: whoever else leads has less than one mark."""
    connection = http.client.HTTPConnection(*address(web), timeout=10)
    connection.request("GET", TOP)
    entries = json.loads(connection.getresponse().read())["entries"]
    connection.close()
    leading = int(entries[0]["score"]) if entries else 0
    return leading - leading % MARKER_POINTS
