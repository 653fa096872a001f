"""Clients that speak HTTP and WebSocket by hand, as no library would."""

import base64
import contextlib
import socket
import struct
import threading
import time
import urllib.request

import psutil

from tests.support.servers import ScoreboardServer

MEBIBYTE = 1024 * 1024
KEY = base64.b64encode(bytes(16)).decode()
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Client:
    """One connection. `buffer`: how much the system keeps for it of what it does not read."""

    def __init__(self, server: ScoreboardServer, *, buffer: int = 0) -> None:
        self.host = f"127.0.0.1:{server.port}"
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(15)
        self.socket.connect(("127.0.0.1", server.port))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, line: str, *headers: str, body: bytes = b"") -> None:
        """Send a request: its first line without the version, its fields after Host."""
        lines = [f"{line} HTTP/1.1", f"Host: {self.host}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode("latin-1") + body)

    def upgrade(self, line: str = "GET /ws/scoreboard", *more: str, version: str = "13", key: str = KEY) -> None:
        fields = ("Connection: Upgrade", "Upgrade: websocket")
        own = (f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}")
        self.ask(line, *fields, *own, *more)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_for(self, data: bytes, *, seconds: float) -> bool:
        """The same over and over; whether the other side hung up before the time was over."""
        deadline = time.monotonic() + seconds
        self.socket.settimeout(0.5)
        while time.monotonic() < deadline:
            try:
                self.socket.send(data)
            except TimeoutError:
                continue
            except OSError:
                return True
        return False

    def read_until(self, word: bytes) -> bytes:
        data = b""
        while word not in data:
            more = self.socket.recv(65536)
            if not more:
                raise AssertionError(f"the connection ended with {data!r}")
            data += more
        return data

    def read_head(self) -> str:
        return self.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")[0].decode("latin-1")

    def read_to_the_end(self) -> bytes:
        """All that comes until the other side closes, in order or not."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while more := self.socket.recv(65536):
                data += more
        return data

    def read_close(self) -> int | None:
        """The code of the last frame, if that is one that closes (without a reason, or with one)."""
        data, code = self.read_to_the_end().rpartition(b"\r\n\r\n")[2], None
        while data:
            length, start = data[1] & 127, 2
            if length == 126:
                (length,), start = struct.unpack("!H", data[2:4]), 4
            if data[0] & 15 == CLOSE:
                (code,) = struct.unpack("!H", data[start : start + 2])
            data = data[start + length :]
        return code


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """A frame of a client; its mask is nothing but zeros."""
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    mask = 0x80 if masked else 0
    length = (
        bytes([mask | len(payload)]) if len(payload) < 126 else bytes([mask | 126]) + struct.pack("!H", len(payload))
    )
    return head + length + (bytes(4) if masked else b"") + payload


class Bystander:
    """Looks how long others wait for `/healthz`, and how large the server grows, while something else goes on."""

    def __init__(self, server: ScoreboardServer) -> None:
        self._url = f"{server.url}/healthz"
        self._process = psutil.Process(server.process.pid)
        self._before = self._process.memory_info().rss
        self._over = threading.Event()
        self.longest_wait = 0.0
        self.growth = 0

    def _watch(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            urllib.request.urlopen(self._url, timeout=30).close()
            self.longest_wait = max(self.longest_wait, time.monotonic() - began)
            self._weigh()

    def _weigh(self) -> None:
        self.growth = max(self.growth, self._process.memory_info().rss - self._before)

    def __enter__(self) -> "Bystander":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._weigh()
        self._over.set()
        self._thread.join()
