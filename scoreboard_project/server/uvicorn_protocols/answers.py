"""How an answer goes out: its head together with the first of its body, in one call of the system."""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class AnswerTransport:
    """What one cycle of uvicorn's writes to instead of the connection's transport.

    uvicorn writes the head and then the body. Each of uvloop's writes is a call of the system, which keeps the interpreter to
    itself, and a packet. A head that no body follows, or one that may come late, is not kept back.
    """

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._transport: asyncio.Transport = cycle.transport
        self._has_head = False
        self._kept = b""

    def write(self, data: bytes) -> None:
        if self._kept:
            kept, self._kept = self._kept, b""
            self._transport.writelines((kept, data))
        elif self._is_head() and self._has_body():
            self._kept = data
        else:
            self._transport.write(data)

    def close(self) -> None:
        if self._kept:
            self._transport.write(self._kept)
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _is_head(self) -> bool:
        is_head = self._cycle.response_started and not self._has_head
        self._has_head = self._has_head or is_head
        return is_head

    def _has_body(self) -> bool:
        """Whether its length was announced, as of all that is not made while it is sent, and is sent."""
        return self._cycle.expected_content_length > 0 and self._cycle.scope["method"] != "HEAD"
