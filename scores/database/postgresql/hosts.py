"""Several servers of one database, a primary and its standbys: which of them to try first.

A client tries them in the order in which they are named. One that hangs, instead of refusing, takes all the time there is for
connecting, every time: so whoever could not connect begins with the next, and whoever could begins there again.
"""

from scores.database import ConnectionOptions

#: By the hosts and ports as they are named, how many of them are tried last.
_passed_over: dict[tuple[str, str], int] = {}


def order_hosts(params: ConnectionOptions) -> ConnectionOptions:
    """Give the parameters of a connection (libpq's, with `host` and `port` as lists with commas) with the host to try first in front."""
    hosts, ports, passed_over = _read(params)
    if len(hosts) < 2:
        return params
    turned = [[*names[passed_over:], *names[:passed_over]] for names in (hosts, ports)]
    return {**params, "host": ",".join(turned[0]), "port": ",".join(turned[1])}


def record_connection(params: ConnectionOptions, host: str, port: int) -> None:
    """This one answered, and is what was looked for."""
    hosts, ports, _ = _read(params)
    if (host, str(port)) in (named := list(zip(hosts, ports, strict=True))):
        _passed_over[_key(params)] = named.index((host, str(port)))


def record_failure(params: ConnectionOptions) -> None:
    """None of them was connected to in time."""
    hosts, _, passed_over = _read(params)
    _passed_over[_key(params)] = (passed_over + 1) % len(hosts)


def _key(params: ConnectionOptions) -> tuple[str, str]:
    return str(params.get("host") or ""), str(params.get("port") or "")


def _read(params: ConnectionOptions) -> tuple[list[str], list[str], int]:
    host, port = key = _key(params)
    hosts, ports = host.split(","), port.split(",")
    # One port is that of all hosts (libpq, section "Specifying Multiple Hosts").
    return hosts, ports * len(hosts) if len(ports) == 1 else ports, _passed_over.get(key, 0)
