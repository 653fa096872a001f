"""Part 4: updates per second as players, viewers, web processes and the log grow. Flat is good."""

from collections.abc import Iterator, Sequence

from benchmarks.following import updates
from benchmarks.measuring import Sizes, measure_row
from benchmarks.population import ENTRIES, PLAYERS, grow
from benchmarks.stage import Player, Stage, address
from benchmarks.table import Row, figure
from benchmarks.viewers import Viewers
from tests.support.processes import Server

WORKERS = 2
GROUPS = {
    "players": "Updates against players",
    "viewers": "Updates against viewers",
    "workers": "Updates against web processes",
    "entries": "Updates against entries in the log",
}


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    for workers in (1, 2):
        with stage.serve(workers) as web:
            yield _measure(stage, sizes, web, players, "workers", workers, is_reference=workers == 1)
    with stage.serve(WORKERS) as web, Viewers([address(web)]) as viewers:
        yield _measure(stage, sizes, web, players, "viewers", 0, is_reference=True)
        watching = 0
        for count in sizes.viewers:
            viewers.connect(count - watching)
            watching = count
            yield _measure(stage, sizes, web, players, "viewers", count)
    for kind, statement, steps in (("players", PLAYERS, sizes.populations), ("entries", ENTRIES, sizes.logs)):
        for size in steps:
            grow(stage.postgresql.url, statement, size)
            with stage.serve(WORKERS) as web:
                yield _measure(stage, sizes, web, players, kind, size, is_reference=size == steps[0])


def _measure(
    stage: Stage, sizes: Sizes, web: Server, players: Sequence[Player], kind: str, size: int, **more: bool
) -> Row:
    load = updates(web, players, sizes.seconds, connections=sizes.connections)
    group = f"{GROUPS[kind]}{'' if kind == 'workers' else f', {WORKERS} web processes'}"
    row, _ = measure_row(stage, [web], load, sizes, group=group, name=f"{figure(size, 0)} {kind}", **more)
    row.place = (kind, size)
    return row
