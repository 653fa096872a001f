"""The counts of limits, and what else limits remember: in Valkey, and in this process while it is away."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

from scores import metrics
from scores.database.valkey_connections import pool_options
from scores.http.local_counts import LocalCounts

logger = logging.getLogger(__name__)

#: While the server is out of reach, a thread asks it this often, and each process counts for itself.
RETRY_SECONDS = 2.0
SOCKET_TIMEOUT_SECONDS = 0.5
Answer = TypeVar("Answer")
#: Counts every key, in order: lifetimes come first, then how many times. One command for all of them, because a command each
#: costs the client more than the counting costs the server.
COUNT = """
local counts = {}
for place, key in ipairs(KEYS) do
    redis.call('SET', key, 0, 'EX', ARGV[place], 'NX')
    counts[place] = redis.call('INCRBY', key, ARGV[#KEYS + place])
end
return counts
"""


class Usage(NamedTuple):
    """Where a subject stands in the present window of a limit, after what was just counted."""

    name: str
    rate: str
    quota: int
    used: int
    seconds_left: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.quota


class Count(NamedTuple):
    """What is to be counted: so many `times` more (none, to look only) under a key that names its window, kept for `lifetime_seconds`."""

    key: str
    lifetime_seconds: int
    times: int


class CountingCache(BaseCache):
    """A cache that also counts for limits: many subjects in one round trip to Valkey or Redis, each count in one step.

    Without a server (LOCATION empty), or while it is out of reach, counts are kept in this process. `set` and `get` remember a
    number beside them, in this process too, so that it outlives a restart of the server. Django makes one for each thread.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # Shared by the threads: a connection pool must not be one for each.
        self._server = _server(location) if location else None

    def count(self, limit: str, asked: Iterable[Count]) -> list[int]:
        """Count all that is asked of a limit, in order: where each count stands then."""
        asked = [each._replace(key=self.make_key(each.key)) for each in asked]
        counts = self._server.count(asked) if self._server is not None else None
        if counts is None:
            counts = [_counts_here(limit, each.lifetime_seconds).count(each.key, each.times) for each in asked]
        return counts

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        key, seconds = self.make_key(key, version), int(timeout or 0)
        _remembered_here.set(key, value, seconds)
        if self._server is not None:
            self._server.remember(key, value, seconds)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        key = self.make_key(key, version)
        found = self._server.recall(key) if self._server is not None else None
        return _remembered_here.get(key, default) if found is None else found

    def clear(self) -> None:
        _local_counts.clear()
        _remembered_here.clear()
        if self._server is not None:
            self._server.clear()


#: By limit and window, so that a flood in one limit is none in another; shared by the threads.
_local_counts: dict[tuple[str, int], LocalCounts] = {}
#: Beyond so many, what was not asked for longest is forgotten first.
_remembered_here = LocMemCache("remembered", {"MAX_ENTRIES": 10_000})


def _counts_here(limit: str, seconds: int) -> LocalCounts:
    return _local_counts.get((limit, seconds)) or _local_counts.setdefault((limit, seconds), LocalCounts(seconds))


class LimitServer:
    """The shared counts, and whether they are within reach."""

    def __init__(self, location: str) -> None:
        options = pool_options(location)
        options |= {"socket_timeout": SOCKET_TIMEOUT_SECONDS, "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS}
        self._client = redis.Redis(connection_pool=redis.ConnectionPool(**options))
        self._count = self._client.register_script(COUNT)
        self._lock = threading.Lock()
        self.within_reach = True

    def count(self, asked: Sequence[Count]) -> list[int] | None:
        """Count all of it: where each count stands then; None while out of reach."""

        def ask() -> list[int]:
            keys, lifetimes, times = zip(*asked, strict=True)
            return [int(count) for count in self._count(keys, [*lifetimes, *times])]

        return self._ask(ask) if asked else []

    def remember(self, key: str, value: int, seconds: int) -> None:
        self._ask(lambda: self._client.set(key, value, ex=seconds))

    def recall(self, key: str) -> int | None:
        """The number that was remembered; None where there is none, and while out of reach."""
        found = self._ask(lambda: self._client.get(key))
        return None if found is None else int(found)

    def _ask(self, act: Callable[[], Answer]) -> Answer | None:
        """What the server answers; None while out of reach. Whoever asks when it goes waits for it once, and nobody later."""
        if not self.within_reach:
            return None
        try:
            return act()
        except redis.RedisError as error:
            self._lose(error)
            return None

    def _lose(self, error: redis.RedisError) -> None:
        with self._lock:
            if not self.within_reach:
                return
            self.within_reach = False
        logger.error("limits are counted per process until REDIS_URL is within reach again: %s", error)
        metrics.LIMITS_SHARED.set(0)
        threading.Thread(target=self._regain, name="limits", daemon=True).start()

    def _regain(self) -> None:
        """Ask until the server takes writes, which counting is."""
        while True:
            time.sleep(RETRY_SECONDS)
            try:
                self._client.set("scoreboard:rl:probe", 0, ex=1)
                break
            except redis.RedisError:
                continue
        logger.warning("limits are counted for all processes together again")
        metrics.LIMITS_SHARED.set(1)
        self.within_reach = True

    def clear(self) -> None:
        """Forget every count, and nothing else that lives on this server."""
        keys = list(self._client.scan_iter("*:rl:*"))
        if keys:
            self._client.delete(*keys)


servers: dict[str, LimitServer] = {}


def _server(location: str) -> LimitServer:
    # Asked by every thread once; only the first makes the client.
    if location not in servers:
        servers.setdefault(location, LimitServer(location))
    return servers[location]
