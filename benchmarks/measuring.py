"""One load against some servers, with what it cost: the step that every part repeats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.costs import Meter, Spent
from benchmarks.load import Load, Outcome, split
from benchmarks.sending import Loads
from benchmarks.stage import Stage
from benchmarks.table import Row, percentile
from tests.support.processes import Server, ServerError

#: Every connection has made its database session and every code path is warm after this part of a measurement.
WARM_UP = 0.2


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything a run does."""

    seconds: float
    players: int
    connections: int
    #: Connections of readers: there are more of them, and those who ask at once are answered at once.
    readers: int
    processes: int
    viewers: Sequence[int]
    populations: Sequence[int]
    logs: Sequence[int]
    #: How long some viewers read nothing, a database lock is held, and how many viewers come and go at once.
    stall_seconds: float
    lock_seconds: float
    crowd: int
    #: How long a fault lasts where its length is ours to choose, and how long it is looked at after it; the cuts of a host.
    fault_seconds: float
    after_seconds: float
    cuts: Sequence[float]
    #: How long two servers are used while they are restarted.
    restart_seconds: float
    #: How often what boards cost is measured by turns, and how many ended periods a board has.
    rounds: int
    ended: int
    #: Connections and boards as they grow; so many viewers of two processes who only watch.
    crowding: Sequence[int]
    boards: Sequence[int]
    watchers: int


FULL = Sizes(
    seconds=8,
    players=1000,
    connections=16,
    readers=64,
    processes=2,
    viewers=(100, 1000, 5000, 10_000),
    populations=(1000, 10_000, 100_000, 1_000_000, 10_000_000),
    logs=(10_000, 100_000, 1_000_000, 10_000_000),
    stall_seconds=300,
    lock_seconds=30,
    crowd=1000,
    fault_seconds=4,
    after_seconds=10,
    cuts=(3, 15),
    restart_seconds=20,
    rounds=3,
    ended=1000,
    crowding=(1, 8, 64, 512),
    boards=(1, 8, 50),
    watchers=20_000,
)
QUICK = Sizes(
    seconds=0.8,
    players=20,
    connections=4,
    readers=16,
    processes=1,
    viewers=(20, 50),
    populations=(1000, 2000),
    logs=(1000, 2000),
    stall_seconds=3,
    lock_seconds=1,
    crowd=100,
    fault_seconds=1,
    after_seconds=3,
    cuts=(3,),
    restart_seconds=10,
    rounds=1,
    ended=10,
    crowding=(1, 4),
    boards=(1, 3),
    watchers=100,
)


def measure(
    stage: Stage,
    webs: Sequence[Server],
    loads: Sequence[Load],
    *,
    during: Callable[[], None] = lambda: None,
) -> tuple[list[Outcome], Spent]:
    """Runs the loads at once and to their end; each one's outcome, and what all of them cost."""
    meter = Meter(stage, webs)
    with Loads(loads) as running:
        running.start()
        meter.start()
        during()
        outcomes = running.join()
        spent = meter.stop()
    return outcomes, spent


def measure_row(
    stage: Stage, webs: Sequence[Server], load: Load, sizes: Sizes, *, group: str, name: str, **more: object
) -> tuple[Row, int]:
    """The row of one load, after a warm-up, and how many requests were acknowledged in both. Anything but success is an error."""
    warm = measure(stage, webs, split(_shorter(load), sizes.processes))[0]
    outcomes, spent = measure(stage, webs, split(load, sizes.processes))
    outcome = merge(outcomes)
    check(outcome, name)
    row = Row(
        group,
        name,
        rate=outcome.good / spent.seconds,
        operations=outcome.good,
        spent=spent,
        p50=percentile(outcome.latencies, 0.5),
        p99=percentile(outcome.latencies, 0.99),
        **more,  # type: ignore[arg-type]
    )
    return row, outcome.good + merge(warm).good


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    total = Outcome()
    for outcome in outcomes:
        total.add(outcome)
    return total


def check(outcome: Outcome, name: str) -> None:
    if outcome.good != outcome.statuses.total() or not outcome.good:
        raise ServerError(f"{name}: answers were {dict(outcome.statuses)}, for example {outcome.refusals[:1]}")


def _shorter(load: Load) -> Load:
    return replace(load, seconds=max(0.3, load.seconds * WARM_UP))
