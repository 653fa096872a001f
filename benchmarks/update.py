"""Part 1: PATCH /api/score/update, with all that docs/contract.md 3.2 asks of it in force, beside the plain way and the floor."""

import contextlib
from collections.abc import Iterator, Sequence

from benchmarks.floor import measure_floor
from benchmarks.load import Load, make_updates
from benchmarks.measuring import Sizes, measure_row
from benchmarks.servers import PlainSite
from benchmarks.stage import ACTION, POINTS, Player, Stage, address
from benchmarks.table import Row
from tests.support.processes import Server, ServerError

MANY = "many players"


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
    for name, who, more in ((ours, players, {}), ("ours, one player", players[:1], {"against": ours})):
        entries, points = _credited(stage)
        row, acknowledged = measure_row(stage, [web], _load([web], who, sizes), sizes, group=group, name=name, **more)
        if _credited(stage) != (entries + acknowledged, points + acknowledged * POINTS):
            raise ServerError(
                f"{name}: {acknowledged} updates were acknowledged, which is not what the database has more"
            )
        row.note = f"{acknowledged} acknowledged = entries"
        if row.against:
            row.note += f"; ratio against {ours}"
        yield row


def _credited(stage: Stage) -> tuple[int, int]:
    """Entries in the log and points on the board."""
    entries = stage.count("SELECT count(*) FROM audit_auditentry WHERE kind = 'award'")
    return entries, stage.count("SELECT sum(points) FROM scores_score")


def _load(webs: Sequence[Server], players: Sequence[Player], sizes: Sizes) -> Load:
    heads, body = make_updates((player.token for player in players), ACTION)
    return Load(
        [address(web) for web in webs], heads, sizes.seconds, connections=sizes.connections, body=body, keyed=True
    )
