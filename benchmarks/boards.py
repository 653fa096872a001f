"""Part 7: what boards cost an update, what reading any page of one costs, and how fast one is made from the log."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.following import updates
from benchmarks.load import Load, get_head
from benchmarks.measuring import Sizes, measure_row
from benchmarks.population import ENTRIES, PLAYERS, end_periods, grow
from benchmarks.stage import Player, Stage, address
from benchmarks.table import Row, figure
from tests.support.processes import Server

BOARDS = (
    ("today", "--rule", "sum", "--span", "day"),
    ("weekly-acts", "--rule", "count", "--span", "week"),
    ("best", "--rule", "best", "--span", "all"),
)
#: More entries than a board is made from in a second.
FILLED_A_SECOND = 100_000
#: What was made by number knows nothing of the chains: how long they are, by which a filling takes its players.
LENGTHS = """
UPDATE scores_score SET seq = lengths.seq
FROM (SELECT player, max(seq) AS seq FROM audit_auditentry GROUP BY player) AS lengths WHERE lengths.player = scores_score.id
"""


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    stage.manage_all(*(("make_board", *board) for board in BOARDS))
    yield from _measure_updates(stage, sizes, players)
    for population in (sizes.populations[0], sizes.populations[-1]):
        grow(stage.postgresql.url, PLAYERS, population)
        yield from _measure_pages(stage, sizes, population)
    end_periods(stage.postgresql.url, "today", sizes.ended)
    yield from _measure_pages(stage, sizes, sizes.populations[-1], past=True)
    yield from _measure_filling(stage, sizes, players)


def _measure_updates(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    group = "Updates with further boards, one web process"
    # By turns, so that whatever else the machine does meets both.
    for number in range(sizes.rounds):
        for switch, name in (("disable_board", "the main board alone"), ("enable_board", f"and {len(BOARDS)} further")):
            stage.manage_all(*((switch, slug) for slug, *_ in BOARDS))
            stage.settle()
            with stage.serve() as web:
                load = updates(web, players, sizes.seconds, connections=sizes.connections)
                is_first = number == 0 and switch == "disable_board"
                yield measure_row(stage, [web], load, sizes, group=group, name=name, is_reference=is_first)[0]


def _measure_pages(stage: Stage, sizes: Sizes, population: int, *, past: bool = False) -> Iterator[Row]:
    ended = f", beside {figure(sizes.ended, 0)} ended periods" if past else ""
    group = f"Pages of a board, one web process, {figure(population, 0)} players{ended}"
    middle = min(1_000_000, population // 2)
    with stage.serve() as web:
        for name, path in (
            ("top 10", "/api/boards/main"),
            (f"from rank {figure(middle, 0)}", f"/api/boards/main?from_rank={middle}"),
            ("100 rows", "/api/boards/main?limit=100"),
        ):
            load = _reading(web, sizes, path)
            yield measure_row(stage, [web], load, sizes, group=group, name=name, is_reference=name == "top 10")[0]


def _reading(web: Server, sizes: Sizes, path: str) -> Load:
    return Load([address(web)], [get_head(path)], sizes.seconds, connections=sizes.connections)


def _measure_filling(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    """One web process beside the command; entries there are, a second of filling, and what updates keep meanwhile."""
    entries = sizes.logs[-1]
    group = f"A board made from {figure(entries, 0)} entries, beside updates"
    grow(stage.postgresql.url, ENTRIES, entries)
    with stage.connect() as connection:
        connection.execute(LENGTHS)
    with stage.serve() as web:
        load = updates(web, players, sizes.seconds, connections=sizes.connections)
        yield measure_row(stage, [web], load, sizes, group=group, name="updates alone", is_reference=True)[0]
        # As long as it is certain that the board is being filled.
        load = replace(load, seconds=max(sizes.seconds, entries / FILLED_A_SECOND))
        spent: list[float] = []
        filling = threading.Thread(target=_fill, args=(stage, spent))
        filling.start()
        yield measure_row(stage, [web], load, sizes, group=group, name="updates while it is made")[0]
        filling.join()
    yield Row(group, "entries read", rate=stage.count("SELECT count(*) FROM audit_auditentry") / spent[0])


def _fill(stage: Stage, spent: list[float]) -> None:
    began = time.monotonic()
    stage.manage("make_board", "monthly", "--rule", "sum", "--span", "month", "--from-log")
    spent.append(time.monotonic() - began)
