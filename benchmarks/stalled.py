"""Viewers that stop reading: plain sockets with small buffers, opened, then left alone."""

import selectors
import socket
import time
from collections import Counter
from typing import Self, cast

HANDSHAKE = (
    b"GET /ws/scoreboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
BUFFER = 4096
CLOSE = 0x88
DRAIN_SECONDS = 3


class Stalled:
    """So many of them for as long as the `with` lasts."""

    def __init__(self, address: tuple[str, int], count: int) -> None:
        self._address = address
        self._count = count
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        for _ in range(self._count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            client.settimeout(10)
            client.connect(self._address)
            client.sendall(HANDSHAKE)
            self._sockets.append(client)
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._sockets:
            client.close()

    def drain(self) -> "Counter[str]":
        """Read what there is to read at last: how each was closed, `open` where it is not."""
        tails = dict.fromkeys(self._sockets, b"")
        ends: dict[socket.socket, str] = {}
        deadline = time.monotonic() + DRAIN_SECONDS
        with selectors.DefaultSelector() as selector:
            for client in self._sockets:
                selector.register(client, selectors.EVENT_READ)
            while len(ends) < len(tails) and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    client = cast("socket.socket", key.fileobj)
                    try:
                        data = client.recv(1 << 20)
                    except ConnectionResetError:
                        ends[client] = "reset"
                    else:
                        tails[client] = (tails[client] + data)[-200:]
                        if not data:
                            ends[client] = _read_code(tails[client])
                    if client in ends:
                        selector.unregister(client)
        return Counter(ends.get(client, "open") for client in tails)


def _read_code(tail: bytes) -> str:
    """The close frame is the last of the stream: a byte of length, two of code, perhaps a reason."""
    for start in range(max(0, len(tail) - 130), len(tail) - 3):
        if tail[start] == CLOSE and start + 2 + tail[start + 1] == len(tail):
            return str(int.from_bytes(tail[start + 2 : start + 4], "big"))
    return "ended without a code"
