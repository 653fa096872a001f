"""What processes cost, as the operating system counts it: CPU seconds and memory of whole process trees."""

import contextlib
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import psutil

from benchmarks.stage import Stage
from tests.support.processes import Server

MEBIBYTE = 2**20


def tree(pid: int) -> Iterator[psutil.Process]:
    """A process and all below it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        yield process
        yield from process.children(recursive=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a tree, of the processes in it that have ended too (a database's many short sessions)."""
    spent = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


def memory(pid: int) -> float:
    """MiB that the tree has to itself, what its processes share counted once (PSS)."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / MEBIBYTE


def descriptors(pid: int) -> int:
    """Open files and sockets of a tree."""
    return sum(process.num_fds() for process in tree(pid))


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds between start and stop, per kind of process."""

    web: float
    postgresql: float
    valkey: float
    seconds: float
    memory: float


class Meter:
    """Reads the costs of some web servers and of the stage's PostgreSQL and Valkey: `start()`, then `stop()`."""

    def __init__(self, stage: Stage, webs: Iterable[Server]) -> None:
        self._pids = (
            [web.process.pid for web in webs],
            [stage.postgresql.process.pid],
            [stage.valkey.process.pid],
        )
        self._before = (0.0, 0.0, 0.0)
        self._began = 0.0

    def start(self) -> Self:
        self._before, self._began = self._read(), time.monotonic()
        return self

    def stop(self) -> Spent:
        seconds = time.monotonic() - self._began
        web, postgresql, valkey = (after - before for after, before in zip(self._read(), self._before, strict=True))
        return Spent(web, postgresql, valkey, seconds, sum(map(memory, self._pids[0])) or math.nan)

    def _read(self) -> tuple[float, float, float]:
        web, postgresql, valkey = (sum(cpu_seconds(pid) for pid in pids) for pids in self._pids)
        return web, postgresql, valkey
