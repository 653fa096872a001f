"""Connections to Valkey or Redis that wait half a second for its name, and no longer.

Where no resolver answers, or a container's name is gone, the system looks for 10 s, which `socket_connect_timeout` does not
cover and nobody can interrupt. So each name is looked up in a thread of its own, at most one at a time, and whoever needs it
waits for that a little. The thread is a daemon: no server or command waits for it when it ends.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

import redis
import redis.asyncio

from scores.database import ConnectionOptions

LOOKUP_SECONDS = 0.5

_lookups: dict[tuple[str, int], "Future[list[str]]"] = {}
_lock = threading.Lock()


def look_up(name: str, port: int) -> "Future[list[str]]":
    """Begin to look up the addresses of a name, or join whoever does so already; the result raises OSError when there are none."""
    with _lock:
        lookup = _lookups.get((name, port))
        if lookup is None or lookup.done():
            lookup = _lookups[name, port] = Future()
            # One who gives up must not cancel it for the others.
            lookup.set_running_or_notify_cancel()
            threading.Thread(target=_look_up, args=(lookup, name, port), name="lookup", daemon=True).start()
        return lookup


def _look_up(lookup: "Future[list[str]]", name: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        lookup.set_result([str(address[0]) for *_, address in found])
    except (OSError, UnicodeError) as error:
        lookup.set_exception(OSError(f"{name}: {error}"))


class BoundedConnection(redis.Connection):
    """Connects to each address of the name in turn. Raises OSError when none is known in time or answers."""

    def _connect(self) -> Any:
        name, failure = self.host, OSError("it has no address")
        try:
            for address in look_up(name, self.port).result(LOOKUP_SECONDS):
                self.host = address
                try:
                    return super()._connect()  # type: ignore[no-untyped-call]
                except OSError as error:
                    failure = error
            raise failure
        finally:
            self.host = name


class BoundedTLSConnection(redis.SSLConnection, BoundedConnection):
    """The same under TLS, which is begun after that, with the name."""


class AsyncBoundedConnection(redis.asyncio.Connection):
    """What BoundedConnection does, without holding up the event loop."""

    async def _connect(self) -> None:
        name, failure = self.host, OSError("it has no address")
        try:
            lookup = asyncio.wrap_future(look_up(name, self.port))
            for address in await asyncio.wait_for(lookup, LOOKUP_SECONDS):
                self.host = address
                try:
                    await super()._connect()  # type: ignore[no-untyped-call]
                except OSError as error:
                    failure = error
                else:
                    return
            raise failure
        finally:
            self.host = name


class AsyncBoundedTLSConnection(redis.asyncio.SSLConnection, AsyncBoundedConnection):
    """The same under TLS, whose certificate must be that of the name, not of the address."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._name = self.host

    def _connection_arguments(self) -> ConnectionOptions:
        return {**super()._connection_arguments(), "server_hostname": self._name}


def pool_options(url: str) -> ConnectionOptions:
    """What a connection pool is made with for this URL. Raises ValueError when it is no such URL."""
    options = redis.connection.parse_url(url)  # type: ignore[no-untyped-call]
    return _bound(options, BoundedConnection, BoundedTLSConnection)


def async_pool_options(url: str) -> ConnectionOptions:
    """The same for a pool of redis.asyncio. Raises ValueError when it is no such URL."""
    options = redis.asyncio.connection.parse_url(url)
    return _bound(options, AsyncBoundedConnection, AsyncBoundedTLSConnection)


def _bound(options: Any, plain: type, tls: type) -> ConnectionOptions:
    """Replace the class of connections; those to a socket in the file system need no name."""
    kind = options.get("connection_class", redis.Connection)
    if "path" in options:
        return dict(options)
    return {**options, "connection_class": plain if kind is redis.Connection else tls}
