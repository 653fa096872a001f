"""Part 4: updates per second as whatever may grow does: who acts and who watches, what is kept, what is counted. Flat is good."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.following import updates
from benchmarks.measuring import Sizes, measure_row
from benchmarks.plot import TITLES
from benchmarks.population import ENTRIES, PLAYERS, end_periods, grow
from benchmarks.stage import ACTION, Player, Stage, address
from benchmarks.table import Row, figure
from benchmarks.viewers import Viewers
from tests.support.processes import Server

WORKERS = 2
#: At most, the main board included (docs/contract.md 17).
BOARDS_OF_AN_ACTION = 8
BY_DAY = ("--rule", "sum", "--span", "day")


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    with stage.serve() as web:
        yield _measure(stage, sizes, web, players, "workers", 1, is_reference=True)
    with stage.serve(WORKERS) as web, Viewers([address(web)]) as viewers:
        yield _measure(stage, sizes, web, players, "workers", WORKERS)
        for count in sizes.crowding:
            more = replace(sizes, connections=count)
            yield _measure(stage, more, web, players, "connections", count, is_reference=count == sizes.crowding[0])
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
    yield from _measure_boards(stage, sizes, players)


def _measure_boards(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    """One board by day with as many days that have ended; then as many boards by day, of which an action counts on eight at most."""
    stage.manage("make_board", "ended", *BY_DAY)
    for count in (0, sizes.ended):
        end_periods(stage.postgresql.url, "ended", count)
        with stage.serve(WORKERS) as web:
            yield _measure(stage, sizes, web, players, "ended periods", count, is_reference=not count)
    stage.manage("disable_board", "ended")
    # The main board is the first.
    made = 1
    with stage.serve(WORKERS) as web:
        for count in sizes.boards:
            stage.manage_all(*(_make_board(number) for number in range(made, count)))
            made = count
            yield _measure(stage, sizes, web, players, "boards", count, is_reference=count == sizes.boards[0])


def _make_board(number: int) -> tuple[str, ...]:
    counts = ACTION if number < BOARDS_OF_AN_ACTION else f"other-{number}"
    return "make_board", f"board-{number}", "--counts", counts, *BY_DAY


def _measure(
    stage: Stage, sizes: Sizes, web: Server, players: Sequence[Player], kind: str, size: int, **more: bool
) -> Row:
    load = updates(web, players, sizes.seconds, connections=sizes.connections)
    group = f"Updates against {TITLES[kind]}{'' if kind == 'workers' else f', {WORKERS} web processes'}"
    row, _ = measure_row(stage, [web], load, sizes, group=group, name=f"{figure(size, 0)} {kind}", **more)
    row.place = (kind, size)
    return row
