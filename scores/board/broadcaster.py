"""Reads the standings once, encodes them once, and hands the same bytes to all viewers of this process."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from scores import metrics
from scores.board.standings import REUSE_SECONDS, Snapshot, read_snapshot
from scores.board.viewers import Frame, Viewer
from scores.database.availability import read_limit

logger = logging.getLogger(__name__)

#: A half-open socket gives a browser no other sign.
HEARTBEAT_SECONDS = 15.0
#: Viewers woken between two looks at everything else the process has to do.
BATCH = 50

# One thread of its own, so that the board moves also while every request thread is busy.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub")


class Broadcaster:
    """Every frame is the whole top 10, so a lost frame costs nothing.

    `frame` is what viewers were shown last; `is_current` is whether the last read was of this moment, not one kept from before.
    """

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self.frame: Frame | None = None
        self.is_current = True
        self._sent_at = 0.0
        self._sent_etag = ""

    @property
    def seconds_to_heartbeat(self) -> float:
        return self._sent_at + HEARTBEAT_SECONDS - time.monotonic()

    async def refresh(self) -> None:
        """Read, and send where something moved, or a heartbeat where nothing was sent for long."""
        began = time.monotonic()
        try:
            snapshot = await asyncio.get_running_loop().run_in_executor(_reader, _read)
        except Exception as error:  # noqa: BLE001 - the board must outlive a database that is away
            logger.warning("the standings could not be read: %s", error)
            return
        # One from before is what there is while the database is away: then the next look is soon.
        self.is_current = began - snapshot.read_at <= REUSE_SECONDS
        if self.is_current:
            metrics.HUB_READ_AT.set_to_current_time()
        if self.frame is None or self._sent_etag != snapshot.etag:
            self._sent_etag, self.frame = snapshot.etag, Frame.of(snapshot.frame)
            await self._broadcast(self.frame)
        elif self.seconds_to_heartbeat <= 0:
            await self._broadcast(Frame.of(f'{{"event":"heartbeat","data":{{"as_of":"{snapshot.as_of}"}}}}'))

    async def _broadcast(self, frame: Frame) -> None:
        self._sent_at = time.monotonic()
        for number, viewer in enumerate(list(self.viewers), start=1):
            viewer.show(frame)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        metrics.FRAMES.inc(len(self.viewers))
        await asyncio.sleep(0)


def _read() -> Snapshot:
    with read_limit():
        close_old_connections()
        return read_snapshot()
