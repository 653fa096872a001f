"""What is watched: a board in a period, with all who watch it in this process, and what they were shown last."""

import asyncio
import time
from typing import NamedTuple

from scores import metrics
from scores.board.viewers import Frame, Viewer
from scores.errors import Refused

#: A half-open socket gives a browser no other sign.
HEARTBEAT_SECONDS = 15.0
#: Viewers woken between two looks at everything else the process has to do.
BATCH = 50


class News(NamedTuple):
    """What there is to show: `text` is the whole message, `etag` differs where anything but the time of the reading does."""

    etag: str
    as_of: str
    text: str


class Channel:
    """Every frame is the whole top 10, so a lost frame costs nothing.

    `frame` is what viewers were shown last.
    """

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self.frame: Frame | None = None
        self._as_of = ""
        self._etag = ""
        self._sent_at = 0.0

    @property
    def seconds_to_heartbeat(self) -> float:
        return self._sent_at + HEARTBEAT_SECONDS - time.monotonic()

    async def show(self, news: News) -> None:
        """Send what moved, or a heartbeat where nothing was sent for long."""
        self._as_of = news.as_of
        if self.frame is None or self._etag != news.etag:
            self._etag, self.frame = news.etag, Frame.of(news.text)
            await self._broadcast(self.frame)
        else:
            await self.beat()

    async def beat(self) -> None:
        """Send a heartbeat with the time of the last reading, where something was sent, but nothing for long."""
        if self.frame is not None and self.seconds_to_heartbeat <= 0:
            await self._broadcast(Frame.of(f'{{"event":"heartbeat","data":{{"as_of":"{self._as_of}"}}}}'))

    def refuse(self, refusal: Refused) -> None:
        """Close all its sockets."""
        for viewer in self.viewers:
            viewer.refuse(refusal)

    async def _broadcast(self, frame: Frame) -> None:
        self._sent_at = time.monotonic()
        for number, viewer in enumerate(list(self.viewers), start=1):
            viewer.show(frame)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        metrics.FRAMES.inc(len(self.viewers))
        await asyncio.sleep(0)
