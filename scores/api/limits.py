"""Rate limits: django-ratelimit's counting, called after authentication, in a cache that costs one round trip and may be away."""

import functools
import ipaddress
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, cast

import redis
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from scores import addresses, metrics
from scores.api.local_counts import LocalCounts
from scores.errors import RateLimited
from scores.valkey_connections import pool_options

logger = logging.getLogger(__name__)

#: While the server is out of reach, a thread asks it this often, and each process counts for itself.
RETRY_SECONDS = 2.0
SOCKET_TIMEOUT_SECONDS = 0.5
#: In a request's environment: the usage of the one limit it was counted under already, on its way to the view.
COUNTED = "scoreboard.counted"


class CountingCache(BaseCache):
    """The two calls that django-ratelimit counts with, `add` and `incr`, as one round trip to Valkey or Redis for many subjects.

    `add` only notes what is to be counted, and `count` counts all that was noted. Without a server (LOCATION empty), or while
    it is out of reach, counts are kept in this process. Django makes one for each thread.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # Shared by the threads: a connection pool must not be one for each.
        self._server = _server(location) if location else None
        self._noted: list[tuple[str, int]] = []

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        self._noted.append((self.make_key(key, version), int(timeout or 0)))
        return False

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return 0

    def count(self, limit: str, times: Iterable[int]) -> list[int]:
        """So many more under each noted key of a limit, in order: the counts after it."""
        keys, self._noted = self._noted, []
        noted = [(key, seconds, more) for (key, seconds), more in zip(keys, times, strict=True)]
        counts = self._server.count(noted) if self._server is not None else None
        if counts is None:
            counts = [_counts_here(limit, seconds).count(key, more) for key, seconds, more in noted]
        return counts

    def clear(self) -> None:
        _local_counts.clear()
        if self._server is not None:
            self._server.clear()


#: By limit and window, so that a flood in one limit is none in another; shared by the threads.
_local_counts: dict[tuple[str, int], LocalCounts] = {}


def _counts_here(limit: str, seconds: int) -> LocalCounts:
    return _local_counts.get((limit, seconds)) or _local_counts.setdefault((limit, seconds), LocalCounts(seconds))


class LimitServer:
    """The shared counts, and whether they are within reach."""

    def __init__(self, location: str) -> None:
        options = pool_options(location)
        options |= {"socket_timeout": SOCKET_TIMEOUT_SECONDS, "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS}
        self._client = redis.Redis(connection_pool=redis.ConnectionPool(**options))
        self._lock = threading.Lock()
        self.within_reach = True

    def count(self, noted: Iterable[tuple[str, int, int]]) -> list[int] | None:
        """For each key, which starts and ends with its window, and seconds of that: so many more; None while out of reach.

        Requests that are under way when the server goes wait for it once; no later one does.
        """
        if not self.within_reach:
            return None
        try:
            pipeline = self._client.pipeline(transaction=False)
            for key, seconds, times in noted:
                pipeline.set(key, 0, ex=seconds, nx=True)
                pipeline.incrby(key, times)
            return [int(count) for count in pipeline.execute()[1::2]]
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


_servers: dict[str, LimitServer] = {}


def _server(location: str) -> LimitServer:
    # Asked by every thread once; only the first makes the client.
    if location not in _servers:
        _servers.setdefault(location, LimitServer(location))
    return _servers[location]


class Usage(NamedTuple):
    """Where a subject stands in the present window of a limit, after what was just counted."""

    name: str
    rate: str
    quota: int
    used: int
    seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.quota


def count(name: str, rate: str, subjects: Sequence[str]) -> list[Usage]:
    """Count a request of each subject, all in one round trip: where each stood when its own was counted."""
    times = Counter(subjects)
    usages = {subject: get_usage(None, group=name, key=_key(subject), rate=rate, increment=True) for subject in times}
    counts = cast("CountingCache", caches["limits"]).count(name, times.values())
    # Before the first of ours was counted.
    used = {subject: after - times[subject] for subject, after in zip(times, counts, strict=True)}
    answers = []
    for subject in subjects:
        used[subject] += 1
        usage = usages[subject]
        answers.append(Usage(name, rate, usage["limit"], used[subject], max(1, usage["time_left"])))
    return answers


def _key(subject: str) -> Callable[[str, Any], str]:
    return lambda _group, _request: subject


class RateLimit(BaseThrottle):
    """One limit: `rate_setting` names the setting, `subject` who is counted. Raises RateLimited; leaves its state on the request."""

    name: ClassVar[str]
    rate_setting: ClassVar[str]

    def subject(self, request: Request) -> str | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        subject = self.subject(request)
        if subject is not None:
            self.charge(request._request, subject)
        return True

    @classmethod
    def charge(cls, request: HttpRequest, subject: str) -> None:
        """Count one request of a subject, unless the setting says there is no limit; raises RateLimited above it."""
        usage = request.META.pop(COUNTED, None) or cls.count([subject])[0]
        if usage is None:
            return
        request.META.setdefault("RATE_LIMITS", []).append(usage)
        if usage.is_exceeded:
            raise RateLimited(retry_after=usage.seconds)

    @classmethod
    def count(cls, subjects: Sequence[str]) -> Sequence[Usage | None]:
        """Count a request of each subject without judging; None for all where the setting says there is no limit."""
        rate = cls.rate()
        return [None] * len(subjects) if rate is None else count(cls.name, rate, subjects)

    @classmethod
    def rate(cls) -> str | None:
        """The rate that the setting names; None for no limit."""
        rate: str | None = getattr(settings, cls.rate_setting)
        return rate


class PlayerLimit(RateLimit):
    name, rate_setting = "player", "SCORE_UPDATE_RATE"

    def subject(self, request: Request) -> str | None:
        return str(request.META["CALLER"].player)


class AddressLimit(RateLimit):
    """By address; an IPv6 client counts as its whole network, which is its own to take addresses from."""

    def subject(self, request: Request) -> str | None:
        return address_subject(request._request)


class AddressReadLimit(AddressLimit):
    name, rate_setting = "read", "READ_RATE"


class AddressPageLimit(AddressLimit):
    """Of what is neither the API nor has a limit of its own: pages, descriptions, the admin, and what is not there."""

    name, rate_setting = "page", "READ_RATE"


class AddressUnchangedLimit(AddressReadLimit):
    """Answers of 304: nearly free, so counted apart from what has a body, and ten times as many are allowed."""

    name = "read-unchanged"

    @classmethod
    def rate(cls) -> str | None:
        rate = super().rate()
        if rate is None:
            return None
        quota, _, period = rate.partition("/")
        return f"{10 * int(quota)}/{period}"


class AddressLoginLimit(AddressLimit):
    name, rate_setting = "login-address", "LOGIN_ADDRESS_RATE"


class AddressRefreshLimit(AddressLimit):
    name, rate_setting = "refresh-address", "LOGIN_ADDRESS_RATE"


class AddressRevokeLimit(AddressLimit):
    name, rate_setting = "revoke-address", "LOGIN_ADDRESS_RATE"


class UsernameLoginLimit(RateLimit):
    name, rate_setting = "login", "LOGIN_RATE"

    def subject(self, request: Request) -> str | None:
        # The route's own check refuses what is not text, but only after its limits.
        username = request.data.get("username") if isinstance(request.data, dict) else None
        return login_subject(username, request._request) if isinstance(username, str) else None


def address_subject(request: HttpRequest) -> str:
    """Whom limits by address count: the client, or where its address cannot be read, whoever its own peer sends."""
    address: str = request.META["CLIENT_ADDRESS"]
    if address != addresses.UNKNOWN:
        return limit_subject(address)
    return f"{address} {limit_subject(request.META.get('REMOTE_ADDR', ''))}"


def login_subject(username: str, request: HttpRequest) -> str:
    """Who tries to sign in, as it is counted: one name whatever its case, from one address."""
    return f"{username.casefold()[:150]} {address_subject(request)}"


@functools.lru_cache(maxsize=10_000)
def limit_subject(address: str) -> str:
    """As whom an address is counted: an IPv6 address as its /64; what is no address as it stands."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def describe_limits(usages: list[Usage]) -> dict[str, str]:
    """The RateLimit and RateLimit-Policy fields (draft-ietf-httpapi-ratelimit-headers) of an answer that was counted so."""
    if not usages:
        return {}
    windows = ((usage.name, *split_rate(usage.rate)) for usage in usages)
    return {
        "RateLimit": ", ".join(f'"{u.name}";r={max(0, u.quota - u.used)};t={u.seconds}' for u in usages),
        "RateLimit-Policy": ", ".join(f'"{name}";q={quota};w={window}' for name, quota, window in windows),
    }


def split_rate(rate: str) -> tuple[int, int]:
    """`60/m` as (60, 60): requests and seconds."""
    quota, _, period = rate.partition("/")
    return int(quota), int(period[:-1] or 1) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[period[-1]]


def limits_are_shared() -> bool:
    """Whether all processes count together, as far as the last request could tell."""
    return all(server.within_reach for server in _servers.values())
