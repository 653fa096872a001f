"""The hub: the one object per server process that feeds every viewer connected to it.

It looks at what is watched when this process announces a change, when its listener hears the ping of another one, when a period
ends, and by itself every few seconds, so that a lost ping heals itself; every second while pings cannot be heard or the database
does not answer, so that "live" stays true. What it finds is the broadcaster's to show. Without viewers it does nothing.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from scores import metrics
from scores.announcements import publisher
from scores.board.broadcaster import Broadcaster
from scores.board.listener import Listener
from scores.board.long_lived import LongLived
from scores.board.look import Watched
from scores.board.viewers import Viewer
from scores.errors import TooManyWatched

#: At most 20 looks a second, as many as there are pings, and a pause at least as long as the last one took. A viewer gets at most 10
#: frames a second of that (`channel.py`), and what it gets was read just before.
LOOK_SECONDS = 0.05
REREAD_SECONDS = 5.0
#: While pings cannot be heard or the standings cannot be read.
ANXIOUS_REREAD_SECONDS = 1.0


class Hub:
    """Lives on the event loop of its process's server."""

    _changed: asyncio.Event
    _listener: Listener
    _broadcaster: Broadcaster
    _tasks: list[asyncio.Task[None]]

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._long_lived = LongLived()
        self._must_give_way: Callable[[], bool] = lambda: False

    def give_way(self, is_needed: Callable[[], bool]) -> None:
        """Let go of the event loop between viewers for as long as this says that requests wait for it."""
        self._must_give_way = is_needed

    async def join(self, viewer: Viewer, watched: Watched = None) -> None:
        """Show a new viewer what it watches, and every later frame until it leaves; refuse it where too much is watched."""
        if self._loop is not asyncio.get_running_loop():
            self._settle()
        try:
            is_shown = self._broadcaster.enter(viewer, watched)
        except TooManyWatched as refusal:
            viewer.refuse(refusal)
            return
        self._count()
        if not self._tasks:
            publisher.subscribe(self._changed.set)
            work = (self._feed(), self._listener.listen(), self._broadcaster.hand_round())
            self._tasks = [asyncio.create_task(each) for each in work]
        if not is_shown:
            self._changed.set()

    async def leave(self, viewer: Viewer, watched: Watched = None) -> None:
        """Show nothing more to this viewer."""
        self._broadcaster.leave(viewer, watched)
        self._count()
        await viewer.leave()
        if not self._broadcaster.viewers:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()

    def _settle(self) -> None:
        """Begin on the running event loop, with nothing of another one."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._listener, self._tasks = Listener(self._changed.set), []
        self._broadcaster = Broadcaster(must_give_way=self._must_give_way)

    def _count(self) -> None:
        viewers = self._broadcaster.viewers
        metrics.VIEWERS.set(viewers)
        self._long_lived.watch(viewers)

    async def _feed(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._longest_wait()):
                    await self._changed.wait()
            self._changed.clear()
            began = time.monotonic()
            await self._broadcaster.refresh()
            await asyncio.sleep(max(LOOK_SECONDS, time.monotonic() - began))

    def _longest_wait(self) -> float:
        """Seconds until the standings are looked at without a sign that they changed."""
        shows = self._broadcaster
        longest = REREAD_SECONDS if self._listener.hears and shows.is_current else ANXIOUS_REREAD_SECONDS
        return min(longest, shows.seconds_to_change)


hub = Hub()
