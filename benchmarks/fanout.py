"""Part 3: ten thousand viewers. What a frame costs, how late the last viewer is, what API and updates notice of it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.costs import Meter, memory
from benchmarks.following import PLAIN_MOMENTS, TOP, Watched, followed, updates
from benchmarks.load import Load, Outcome, get_head
from benchmarks.measuring import Sizes, check, measure_row
from benchmarks.servers import NodePeer, PlainSite
from benchmarks.stage import Player, Stage, address
from benchmarks.table import Row, figure, percentile
from benchmarks.viewers import Viewers
from tests.support.processes import Server, ServerError

#: Updates a second that are followed to the viewers: more than frames can follow.
MARKS = 20.0
#: For daphne, which sends a frame for each update.
PLAIN_MARKS = 2.0
FRAME_BYTES = 1500
KIBIBYTES_PER_MEBIBYTE = 1024


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
    yield _measure_watchers(stage, replace(sizes, viewers=(sizes.watchers,)), players)


def _measure_ours(watched: Watched, writer: Server, node: Row | None) -> Iterator[Row]:
    quiet = "ours, updates unpaced, nobody watches"
    yield _updates(watched, quiet, against=quiet)
    row = connected(watched, "ours, frames alone")
    follow(watched, writer, row, MARKS)
    row.note += f", updates by another process{compare(row, node)}"
    yield row
    yield from _measure_lateness(watched)
    yield _updates(watched, f"ours, updates unpaced, {watched.count} watch", against=quiet)


def _measure_watchers(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Row:
    """More viewers than one process is made for, on two."""
    with stage.serve(2) as web, stage.serve() as writer, Viewers([address(web)]) as viewers:
        group = f"Fan-out to {figure(sizes.watchers, 0)} viewers, 2 web processes"
        watched = Watched(stage, sizes, group, web, players, viewers, stage.postgresql.url)
        row = connected(watched, "ours, frames alone")
        follow(watched, writer, row, MARKS)
        return row


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


def follow(watched: Watched, writer: Server, row: Row, rate: float, *beside: Load) -> list[Outcome]:
    """Updates of the marker player, followed to the last viewer; fills the row in."""
    trace = followed(watched, writer, rate, *beside)
    frames = trace.seen.frames
    row.rate, row.operations, row.spent = frames / trace.spent.seconds, frames, trace.spent
    row.p50, row.p99 = percentile(trace.late, 0.5), percentile(trace.late, 0.99)
    if lost := len(trace.scores) - len(trace.late):
        row.note += f", {lost} of {len(trace.scores)} updates never reached everybody"
    return trace.outcomes


def compare(row: Row, node: Row | None) -> str:
    """What a frame costs in CPU, against Node.js."""
    if node is None or node.spent is None or row.spent is None or not (node.spent.web and row.operations):
        return ""
    times = (row.spent.web / row.operations) / (node.spent.web / node.operations)
    return f", {times:.2f} x Node's CPU a frame"
