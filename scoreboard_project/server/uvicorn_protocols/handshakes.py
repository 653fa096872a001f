"""Which requests for a socket cannot become one, and what they are answered (RFC 6455, section 4.2).

Looked at before the connection is handed over: whatever fails after that is websockets' own business.
"""

import base64
import binascii

from websockets.http11 import MAX_LINE_LENGTH

from scoreboard_project.server.uvicorn_protocols.connection import EarlyRefusal, Headers

VERSION = b"13"
#: What asks for another protocol on this connection: fields, and options of Connection.
WISHES = frozenset({b"upgrade", b"http2-settings"})

NOT_GET = EarlyRefusal(405, "method_not_allowed", "A socket is opened with GET.", ((b"allow", b"GET"),))
WRONG_VERSION = EarlyRefusal(
    426,
    "upgrade_required",
    "Only version 13 of the WebSocket protocol is spoken here.",
    ((b"sec-websocket-version", VERSION), (b"upgrade", b"websocket")),
)
LINE_TOO_LONG = EarlyRefusal(
    431,
    "header_too_large",
    f"A line of a request for a socket has at most {MAX_LINE_LENGTH} bytes.",
)
TOO_EARLY = EarlyRefusal(400, "malformed_upgrade", "Nothing may follow a request for a socket before it is answered.")
NO_KEY = EarlyRefusal(400, "malformed_upgrade", "A request for a socket has one Sec-WebSocket-Key, 16 bytes in base64.")
NO_VERSION = EarlyRefusal(400, "malformed_upgrade", "A request for a socket has one Sec-WebSocket-Version.")


def find_refusal(method: bytes, url: bytes, headers: list[tuple[bytes, bytes]], rest: bytes) -> EarlyRefusal | None:
    """What a request for a socket that cannot become one is refused with; `headers` have names in lower case, `rest` came behind them."""
    if method != b"GET":
        return NOT_GET
    lines = [len(url) + len("GET  HTTP/1.1\r\n"), *(len(name) + len(value) + 4 for name, value in headers)]
    if max(lines) > MAX_LINE_LENGTH:
        return LINE_TOO_LONG
    if rest or any(
        name == b"transfer-encoding" or (name == b"content-length" and int(value)) for name, value in headers
    ):
        return TOO_EARLY
    versions = [value for name, value in headers if name == b"sec-websocket-version"]
    if len(versions) != 1:
        return NO_VERSION
    if versions[0] != VERSION:
        return WRONG_VERSION
    keys = [value for name, value in headers if name == b"sec-websocket-key"]
    return None if len(keys) == 1 and _is_key(keys[0]) else NO_KEY


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """The head of this request as if it asked for no other protocol, which a server may always do (RFC 9110, section 7.8)."""
    lines = [b" ".join([method, url, b"HTTP/" + version.encode()])]
    for name, value in headers:
        kept = value
        if name == b"connection":
            options = [option.strip() for option in value.split(b",")]
            kept = b", ".join(option for option in options if option.lower() not in WISHES)
        if name not in WISHES:
            lines.append(name + b": " + kept)
    return b"\r\n".join([*lines, b"", b""])
