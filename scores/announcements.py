"""Announcements: whoever changed a score says so after its commit, and every process learns that its board is to be read anew.

What goes out is a ping through the channel layer, and it carries no page. A ping may be lost, and nothing with it: whoever shows
the board also reads it by itself every few seconds (`scores/board/hub.py`).
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from scores import metrics

logger = logging.getLogger(__name__)

#: The group of the channel layer that every process listens to.
GROUP = "standings"
LAYER_TIMEOUT_SECONDS = 2.0
#: At most about 20 pings a second leave a process, however many updates it commits.
ANNOUNCE_SECONDS = 0.05


class Publisher:
    """Pings every process for what this one announces: at once, and then once per pause for as long as there is news.

    It does so on the event loop of its server. In a process without one (a command) each announcement is a ping.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriber: Callable[[], object] | None = None
        self._has_news = threading.Event()
        self._is_publishing = threading.Event()
        self._reaches_others = True

    def attach(self) -> None:
        """Publish on the running event loop from now on; cheap where that is so already."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._subscriber = loop, None
            self._is_publishing.clear()

    def subscribe(self, subscriber: Callable[[], object]) -> None:
        """Call this on the running event loop at announcements of this process, which then needs no ping to learn of them."""
        self.attach()
        self._subscriber = subscriber

    def announce(self) -> None:
        """From any thread; never blocks a server, never fails."""
        metrics.ANNOUNCEMENTS.inc()
        if self._loop is None or self._loop.is_closed():
            # Waited for, because a command may end next.
            async_to_sync(self._ping)()
            return
        self._has_news.set()
        if not self._is_publishing.is_set():
            self._is_publishing.set()
            with suppress(RuntimeError):  # the loop was closed a moment ago: this server is going away
                self._loop.call_soon_threadsafe(self._start_publishing)

    def _start_publishing(self) -> None:
        # Kept, because the loop holds its tasks by weak references only.
        self._task = asyncio.ensure_future(self._publish())

    async def _publish(self) -> None:
        while self._has_news.is_set():
            self._has_news.clear()
            if self._subscriber is not None:
                self._subscriber()
            await self._ping()
            await asyncio.sleep(ANNOUNCE_SECONDS)
        self._is_publishing.clear()
        # Announced between the last look and the clearing, by a thread that thought we would see it.
        if self._has_news.is_set():
            self._start_publishing()

    async def _ping(self) -> None:
        """Ping every process; where that fails, the change is committed all the same, and hubs look by themselves."""
        try:
            metrics.PINGS.inc()
            async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
                await get_channel_layer().group_send(GROUP, {"type": "standings.changed"})
            self._reaches_others = True
        except Exception as error:  # noqa: BLE001 - as above
            if self._reaches_others:
                logger.warning("other processes cannot be told of changes: %s", str(error) or type(error).__name__)
            self._reaches_others = False


publisher = Publisher()


def announce() -> None:
    """Announce that the standings may have changed. Called after the commit; never blocks or fails the caller."""
    publisher.announce()
