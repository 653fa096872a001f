"""Several servers of one database, a primary and its standbys: which of them to try first.

A client tries them in the order in which they are named. One that hangs, instead of refusing, takes all the time there is for
connecting, every time: so those that keep silent come last, however often one is asked that is only no primary yet.
"""

import time
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from scores.database import ConnectionOptions

#: A server that is there says something sooner, and be it no.
SILENCE_SECONDS = 0.5


class Host(NamedTuple):
    """A server as it is named in the parameters of a connection (libpq, section "Connection Strings")."""

    name: str
    port: str


#: When they were last found silent, in monotonic seconds.
_silent_at: dict[Host, float] = {}
#: By the hosts as they are named and what is asked of them, the one that was connected to last.
_connected: dict[tuple[str, ...], Host] = {}


class Attempt:
    """An attempt to connect to one host, the only one of these parameters."""

    def __init__(self, conninfo: str) -> None:
        [self._host] = _read(conninfo_to_dict(conninfo))
        self._began = time.monotonic()

    def note_wait(self) -> None:
        """It still waits. Others need not wait for the same."""
        if self._is_long:
            _silent_at[self._host] = time.monotonic()

    def note_refusal(self) -> None:
        """The host refused, or is no primary; a network that gives up on it takes its time."""
        if not self._is_long:
            _silent_at.pop(self._host, None)

    def note_connection(self) -> None:
        _silent_at.pop(self._host, None)

    @property
    def _is_long(self) -> bool:
        return time.monotonic() - self._began > SILENCE_SECONDS


def order_hosts(params: ConnectionOptions) -> ConnectionOptions:
    """Give the parameters of a connection (libpq's, with `host` and `port` as lists with commas) with the host to try first in front.

    That is the one which was connected to last, then as they are named, and those that keep silent last: among them the one that
    was asked longest ago first.
    """
    named = _read(params)
    if len(named) < 2:
        return params
    last = _connected.get(_key(params))
    ordered = sorted(named, key=lambda host: (_silent_at.get(host, 0.0), host != last))
    return {**params, "host": ",".join(host.name for host in ordered), "port": ",".join(host.port for host in ordered)}


def record_connection(params: ConnectionOptions, name: str, port: int) -> None:
    """This one is what was looked for."""
    if (host := Host(name, str(port))) in _read(params):
        _connected[_key(params)] = host


def _key(params: ConnectionOptions) -> tuple[str, ...]:
    return tuple(str(params.get(name) or "") for name in ("host", "port", "target_session_attrs"))


def _read(params: ConnectionOptions) -> list[Host]:
    names, ports = (str(params.get(name) or "").split(",") for name in ("host", "port"))
    # One port is that of all hosts (libpq, section "Specifying Multiple Hosts").
    return [Host(*pair) for pair in zip(names, ports * len(names) if len(ports) == 1 else ports, strict=True)]
