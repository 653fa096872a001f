"""Part 1: PATCH /api/score/update, with all that docs/contract.md 3.2 asks of it in force, beside the plain way and the floor."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.floor import measure_floor
from benchmarks.load import Load, make_updates
from benchmarks.measuring import Sizes, measure_row
from benchmarks.servers import PlainSite
from benchmarks.stage import ACTION, POINTS, Player, Stage, address
from benchmarks.table import Row
from tests.support.processes import Server, ServerError

MANY = "many players"
#: Of the most there is, what a site that runs well is given.
PACE = 0.8


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    plain = PlainSite(stage)
    plain_players = plain.make_players(sizes.players)
    for processes in (1, 2):
        group = f"Update, {processes} web process{'es' if processes > 1 else ''}"
        with contextlib.ExitStack() as stack:
            webs = [stack.enter_context(plain.serve()) for _ in range(processes)]
            load = _load(webs, plain_players, sizes)
            name = f"plain way, {MANY}"
            yield measure_row(stage, webs, load, sizes, group=group, name=name, is_reference=True)[0]
        with stage.serve(processes) as web:
            yield from _measure_ours(stage, web, players, sizes, group)
        stage.settle()
    yield measure_floor(stage, sizes, group)
    stage.manage("verify_ledger")


def _measure_ours(stage: Stage, web: Server, players: Sequence[Player], sizes: Sizes, group: str) -> Iterator[Row]:
    ours = f"ours, {MANY}"
    load = _load([web], players, sizes)
    most = _measure_counted(stage, web, load, sizes, group, ours)
    yield most
    load = replace(load, rate=PACE * (most.rate or 0))
    paced = _measure_counted(stage, web, load, sizes, group, f"{ours}, at {PACE:.0%} of that", against=ours)
    paced.note += f"; p99 is {(paced.p99 or 0) / (paced.p50 or 1):.1f} times p50"
    yield paced
    yield _measure_counted(stage, web, _load([web], players[:1], sizes), sizes, group, "ours, one player", against=ours)


def _measure_counted(
    stage: Stage, web: Server, load: Load, sizes: Sizes, group: str, name: str, *, against: str = ""
) -> Row:
    """The row of a load of which the database has neither more nor less than was acknowledged. Raises ServerError otherwise."""
    entries, points = _credited(stage)
    row, acknowledged = measure_row(stage, [web], load, sizes, group=group, name=name, against=against)
    if _credited(stage) != (entries + acknowledged, points + acknowledged * POINTS):
        raise ServerError(f"{name}: {acknowledged} updates were acknowledged, which is not what the database has more")
    row.note = f"{acknowledged} acknowledged = entries"
    if against:
        row.note += f"; ratio against {against}"
    return row


def _credited(stage: Stage) -> tuple[int, int]:
    """Entries in the log and points on the board."""
    entries = stage.count("SELECT count(*) FROM audit_auditentry WHERE kind = 'award'")
    return entries, stage.count("SELECT sum(points) FROM scores_score")


def _load(webs: Sequence[Server], players: Sequence[Player], sizes: Sizes) -> Load:
    heads, body = make_updates((player.token for player in players), ACTION)
    return Load(
        [address(web) for web in webs], heads, sizes.seconds, connections=sizes.connections, body=body, keyed=True
    )
