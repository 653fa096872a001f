"""How a client's address is written: one spelling for each, whatever a proxy adds to it."""

import functools
import ipaddress
import re

#: Stands for every address that cannot be read. It names nobody: no limit is shared under it, and no rule goes by it.
UNKNOWN = "unknown"
#: Some proxies write the port too: `203.0.113.20:50000`, `[2001:db8::1]:443`. Without brackets, IPv6 has none.
WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?|((?:::ffff:)?[0-9]+(?:\.[0-9]+){3}):[0-9]{1,5}", re.IGNORECASE)
#: Of an IPv6 address with a mapped IPv4 address, zone (an interface's name has at most 15 characters), brackets and port; with room.
#: A client may send more, and what is remembered must not grow with it.
LONGEST = 100


def read_address(text: str) -> str:
    """The address alone, without port and zone, `::ffff:a.b.c.d` as the IPv4 address it maps; UNKNOWN for what is none."""
    return _read(text.strip()) if len(text) <= LONGEST else UNKNOWN


@functools.lru_cache(maxsize=10_000)
def _read(text: str) -> str:
    match = WITH_PORT.fullmatch(text)
    written = (match[1] or match[2] or "") if match else text
    try:
        parsed = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return UNKNOWN
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def name_subject(address: str, *, peer: str) -> str:
    """Whom limits by address count: the client, or where its address cannot be read, whoever its own peer sends."""
    return find_network(address) if address != UNKNOWN else f"{address} {find_network(peer)}"


@functools.lru_cache(maxsize=10_000)
def find_network(address: str) -> str:
    """What one line gets, and may take addresses from: of IPv6 the /64, of IPv4 the address; what is no address, as it stands."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
