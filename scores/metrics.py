"""What an operator watches (Prometheus). Right with several workers too: `manage.py serve` gives them a folder to count in together.

Counting costs about a microsecond: the hot paths count here and know nothing more about it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.db import DatabaseError
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from audit.blocks import BlockInvalid, read_unverified
from audit.queries import newest_checkpoint

#: Set before the first metric is made, which is when prometheus_client looks for it.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

UPDATES = Counter("scoreboard_updates", "Updates answered with 200, by result: awarded or replayed.", ["result"])
REFUSALS = Counter("scoreboard_refusals", "Refused requests, by the code the caller got.", ["code"])
#: Counted apart from other refusals, where it would go unnoticed; each needs a person.
CHAIN_FAILURES = Counter("scoreboard_chain_failures", "Updates held because a chain or the catalogue was changed.")
REQUESTS = Histogram(
    "scoreboard_request_seconds", "Time from middleware to answer, by route and class of status.",
    ["route", "status"], buckets=SECONDS,
)  # fmt: skip
FAST_PATH_FAILURES = Counter(
    "scoreboard_fast_path_failures",
    "Requests left to their view because what answers in front of it failed.",
    ["route"],
)
THREADS_BUSY = Gauge(
    "scoreboard_threads_busy",
    "Threads that serve a request now: of 4 per worker, and of those for special kinds.",
    multiprocess_mode="livesum",
)
VIEWERS = Gauge("scoreboard_viewers", "Open sockets, by process.", multiprocess_mode="liveall")
FRAMES = Counter("scoreboard_frames", "Frames handed to viewers.")
ANNOUNCEMENTS = Counter("scoreboard_announcements", "Committed changes said to the hub.")
PINGS = Counter("scoreboard_pings", "Pings sent to all processes: announcements less pings were coalesced.")
HUB_READ_AT = Gauge(
    "scoreboard_hub_read_timestamp_seconds", "When the hub last read the standings, by process; it does while it has viewers.",
    multiprocess_mode="liveall",
)  # fmt: skip
REPLICA_LAG = Gauge(
    "scoreboard_replica_lag_seconds", "How far READ_DATABASE_URL is behind, by process; -1 while it is away.",
    multiprocess_mode="liveall",
)  # fmt: skip
LIMITS_SHARED = Gauge(
    "scoreboard_limits_shared", "1 while all processes count limits together, 0 while one counts alone.",
    multiprocess_mode="livemin",
)  # fmt: skip
LIMITS_SHARED.set(1)


class LedgerCollector(Collector):
    """What only the database knows, asked for when it is looked at; missing while the database is, or where it was changed."""

    def collect(self) -> Iterator[Metric]:
        try:
            newest = newest_checkpoint()
            # Read without its signature, which servers need no key for: `verify_ledger` is who looks at that.
            age_seconds = read_unverified(newest.jws).age_seconds if newest else None
        except (DatabaseError, BlockInvalid):
            return
        if age_seconds is not None:
            yield GaugeMetricFamily("scoreboard_checkpoint_age_seconds", "Age of the newest checkpoint.", age_seconds)


def render() -> bytes:
    """Write all metrics of all workers as text."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        counted = generate_latest(REGISTRY)
    else:
        forget_the_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # of a package that is typed in part
        counted = generate_latest(registry)
    ledger = CollectorRegistry()
    ledger.register(LedgerCollector())
    return counted + generate_latest(ledger)


def forget_the_dead(folder: Path) -> None:
    """Take the gauges of workers that ended out of the sums; what they counted stays."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # as above
