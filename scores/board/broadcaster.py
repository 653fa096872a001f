"""Reads what is watched once, encodes it once, and hands the same bytes round to all who watch it in this process."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.db import close_old_connections

from scores import metrics
from scores.board.channel import HEARTBEAT_SECONDS, Channel
from scores.board.look import Look, Watched, look_at
from scores.board.viewers import Viewer
from scores.database.availability import read_limit
from scores.database.replica import reading
from scores.errors import TooManyWatched

logger = logging.getLogger(__name__)

#: Boards, each in one period, that are watched in a process at the same time.
MAXIMUM_WATCHED = 64

# One thread of its own, so that the board moves also while every request thread is busy.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub")


def _look(watched: Collection[Watched], look: Look) -> None:
    """Look within the time that a read of what everybody looks at may take."""
    with read_limit(), reading():
        close_old_connections()
        look_at(watched, look)


class Broadcaster:
    """All that is watched, each in a channel of its own; what nobody watches has none.

    `is_current` is whether the last look was at this moment, and at all of it. `must_give_way` says whether somebody else waits for
    this process.
    """

    def __init__(
        self,
        look_at: Callable[[Collection[Watched], Look], None] = _look,
        *,
        must_give_way: Callable[[], bool] = lambda: False,
    ) -> None:
        self._look_at = look_at
        self._must_give_way = must_give_way
        self._channels: dict[Watched, Channel] = {}
        self._has_news = asyncio.Event()
        self.is_current = True
        self._changes_at: float | None = None

    @property
    def viewers(self) -> int:
        return sum(channel.viewers for channel in self._channels.values())

    @property
    def seconds_to_change(self) -> float:
        """Seconds until a period that is watched ends, or is closed; infinite where none is known to."""
        return math.inf if self._changes_at is None else max(0.0, self._changes_at - time.monotonic())

    def enter(self, viewer: Viewer, watched: Watched) -> bool:
        """Let a viewer watch, and show it what is there; False where nothing is yet.

        Raises TooManyWatched.
        """
        channel = self._channels.get(watched)
        if channel is None:
            if watched is not None and len(self._channels.keys() - {None}) >= MAXIMUM_WATCHED:
                raise TooManyWatched
            channel = self._channels[watched] = Channel()
        return channel.enter(viewer)

    def leave(self, viewer: Viewer, watched: Watched) -> None:
        """Show nothing more to a viewer. What nobody watches is not kept true: the next one to come gets a fresh frame."""
        channel = self._channels.get(watched)
        if channel is not None:
            channel.leave(viewer)
            if not channel.viewers:
                del self._channels[watched]

    async def refresh(self) -> None:
        """Look, and have what was found handed round."""
        look = await self._look()
        self.is_current, self._changes_at = look.is_current, look.changes_at
        if look.is_current:
            metrics.HUB_READ_AT.set_to_current_time()
        for watched, refusal in look.refused.items():
            channel = self._channels.pop(watched, None)
            if channel is not None:
                channel.refuse(refusal)
        for watched, channel in self._channels.items():
            if watched in look.news:
                channel.take(look.news[watched])
        self._has_news.set()

    async def hand_round(self) -> None:
        """Serve all who are to have a frame or a heartbeat, until cancelled."""
        while True:
            self._has_news.clear()
            await self.serve_all()
            seconds = min((channel.seconds_to_turn() for channel in self._channels.values()), default=math.inf)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, HEARTBEAT_SECONDS)):
                    await self._has_news.wait()

    async def serve_all(self) -> None:
        """A batch of each channel in turn, until all have what it is time for."""
        is_done = False
        while not is_done:
            is_done = True
            for channel in list(self._channels.values()):
                began = time.monotonic()
                if channel.serve():
                    is_done = False
                    # Requests that wait go first, or each of their ways through Python would wait for viewers.
                    await asyncio.sleep(time.monotonic() - began if self._must_give_way() else 0)

    async def _look(self) -> Look:
        look = Look()
        try:
            await asyncio.get_running_loop().run_in_executor(_reader, self._look_at, list(self._channels), look)
        except Exception as error:  # noqa: BLE001 - the board must outlive a database that is away
            logger.warning("the standings could not be read: %s", error)
            look.is_current = False
        return look
