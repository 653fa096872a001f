"""announce() and the Hub: how a committed change reaches every open page.

A ping says that something changed, it carries no page. Pings are coalesced per process; each process's hub hears one,
reads the standings once, encodes once and hands the same text to all its viewers. Every frame is the whole top 10, so a
lost frame costs nothing, and while it has viewers a hub re-reads every few seconds, so a lost ping heals itself. A hub that
cannot hear pings re-reads every second, so that "live" stays true while Valkey is away.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import close_old_connections
from websockets import frames

from scores import metrics
from scores.board.long_lived import LongLived
from scores.board.standings import REUSE_SECONDS, Snapshot, read_snapshot
from scores.database.availability import read_limit

logger = logging.getLogger(__name__)

GROUP = "standings"
#: At most about 20 pings a second leave a process, however many updates it commits.
PING_SECONDS = 0.05
#: At most 10 frames a second, and a pause at least as long as the last sending took.
FRAME_SECONDS = 0.1
REREAD_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
#: Viewers woken between two looks at everything else the process has to do.
BATCH = 50
RETRY_SECONDS = 1.0
LAYER_TIMEOUT_SECONDS = 2.0
#: How often a hub makes sure that it would hear a ping.
PROBE_SECONDS = 1.0
PROBE = "standings.probe"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message for all viewers: its text, and the same as the bytes of a WebSocket frame (RFC 6455, section 5.2), made once."""

    text: str
    wire: bytes

    @classmethod
    def of(cls, text: str) -> "Frame":
        return cls(text, frames.Frame(frames.Opcode.TEXT, text.encode()).serialize(mask=False))


class Viewer:
    """One open socket: it gets the newest frame there is when it is ready for one, never a queue.

    `write` puts the bytes on the wire at once and says False where the reader is behind; then, and where the server offers
    no such thing, a task waits in `send` for the reader and delivers what is newest by then.
    """

    __slots__ = ("_frame", "_send", "_task", "_write")

    def __init__(self, send: Callable[[str], Awaitable[None]], write: Callable[[bytes], bool] | None = None) -> None:
        self._send = send
        self._write = write
        self._frame: Frame | None = None
        self._task: asyncio.Task[None] | None = None

    def show(self, frame: Frame) -> None:
        if self._task is not None:
            self._frame = frame
        elif self._write is None or not self._write(frame.wire):
            self._frame = frame
            self._task = asyncio.create_task(self._catch_up())

    async def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _catch_up(self) -> None:
        while self._frame is not None:
            frame, self._frame = self._frame, None
            try:
                await self._send(frame.text)
            except Exception:  # noqa: BLE001 - whatever the transport raises, this viewer is gone; its consumer cleans up
                return
        self._task = None


class Hub:
    """The one object per server process that feeds every viewer connected to it. Lives on that process's event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._viewers: set[Viewer] = set()
        self._long_lived = LongLived()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._frame: Frame | None = None
        self._sent_at = 0.0
        self._sent_etag = ""
        self._hears = self._tells = self._is_current = True
        self._news = threading.Event()
        self._saying = threading.Event()
        # One thread of its own, so that the board moves also while every request thread is busy.
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub")

    def attach(self) -> None:
        """Take the running loop as the one to live on; cheap when that is done already."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._viewers, self._tasks, self._frame, self._changed = set(), [], None, asyncio.Event()
            self._saying.clear()

    async def join(self, viewer: Viewer) -> None:
        """Show the present standings to a new viewer and every later frame until it leaves."""
        self.attach()
        self._viewers.add(viewer)
        self._count()
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._listen())]
        if self._frame is not None:
            viewer.show(self._frame)
        else:
            self._changed.set()

    async def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        self._count()
        await viewer.leave()
        if not self._viewers:
            # Without viewers nobody keeps the frame true: the next one to come gets a fresh one.
            tasks, self._tasks, self._frame = self._tasks, [], None
            for task in tasks:
                task.cancel()

    def _count(self) -> None:
        metrics.VIEWERS.set(len(self._viewers))
        self._long_lived.watch(len(self._viewers))

    def ping(self) -> None:
        """Something changed. From any thread; never blocks, never fails."""
        metrics.ANNOUNCEMENTS.inc()
        self._news.set()
        if self._loop is None or self._loop.is_closed():
            # From a process that serves nobody (a command): waited for, because the process may end next.
            async_to_sync(self._tell)()
        elif not self._saying.is_set():
            self._saying.set()
            with suppress(RuntimeError):  # the loop was closed a moment ago: this server is going away
                self._loop.call_soon_threadsafe(self._say_soon)

    def _say_soon(self) -> None:
        # Kept, because the loop holds its tasks by weak references only.
        self._saying_task = asyncio.ensure_future(self._say())

    async def _say(self) -> None:
        """Tell our own feed and the other processes, at once and then once per pause for as long as there is news."""
        while self._news.is_set():
            self._news.clear()
            self._changed.set()
            await self._tell()
            await asyncio.sleep(PING_SECONDS)
        self._saying.clear()
        if self._news.is_set():  # said between the last look and the clearing, by a thread that thought we would see it
            self._say_soon()

    async def _tell(self) -> None:
        """Ping every process; where that fails, the change is committed all the same, and hubs look by themselves."""
        try:
            metrics.PINGS.inc()
            async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
                await get_channel_layer().group_send(GROUP, {"type": "standings.changed"})
            self._tells = True
        except Exception as error:  # noqa: BLE001 - as above
            if self._tells:
                logger.warning("other processes cannot be told of changes: %s", str(error) or type(error).__name__)
            self._tells = False

    async def _listen(self) -> None:
        """Hear the pings of all processes; while that fails, begin anew with new connections."""
        layer = get_channel_layer()
        while True:
            try:
                await self._hear(layer)
            except Exception as error:  # noqa: BLE001 - as above
                if self._hears:
                    logger.warning("pings of other processes cannot be heard: %s", str(error) or type(error).__name__)
            self._hears = False
            self._changed.set()
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, layer: Any) -> None:
        """Until something fails. A subscription that died is as quiet as a quiet board, so the hub calls itself and listens for it."""
        async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
        heard = asyncio.Event()
        receiving = asyncio.create_task(self._receive(layer, channel, heard))
        try:
            while True:
                heard.clear()
                async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
                    await layer.send(channel, {"type": PROBE})
                    await heard.wait()
                if not self._hears:
                    logger.warning("pings of other processes are heard again")
                    self._hears = True
                    self._changed.set()
                await asyncio.sleep(PROBE_SECONDS)
        except Exception:
            # Before the task ends, which would say goodbye on connections that are dead.
            with suppress(Exception):
                async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
                    await layer.flush()
            raise
        finally:
            receiving.cancel()

    async def _receive(self, layer: Any, channel: str, heard: asyncio.Event) -> None:
        while True:
            message = await layer.receive(channel)
            heard.set()
            if message["type"] != PROBE:
                self._changed.set()

    async def _feed(self) -> None:
        while True:
            with suppress(TimeoutError):
                until_heartbeat = self._sent_at + HEARTBEAT_SECONDS - time.monotonic()
                longest = REREAD_SECONDS if self._hears and self._is_current else RETRY_SECONDS
                async with asyncio.timeout(min(longest, max(RETRY_SECONDS, until_heartbeat))):
                    await self._changed.wait()
            self._changed.clear()
            began = time.monotonic()
            await self._refresh()
            await asyncio.sleep(max(FRAME_SECONDS, time.monotonic() - began))

    async def _refresh(self) -> None:
        """Read, and send where something moved, or a heartbeat where nothing was sent for long."""
        began = time.monotonic()
        try:
            snapshot = await asyncio.get_running_loop().run_in_executor(self._reader, _read)
        except Exception as error:  # noqa: BLE001 - the board must outlive a database that is away
            logger.warning("the standings could not be read: %s", error)
            return
        # One from before is what there is while the database is away: then the next look is soon.
        self._is_current = began - snapshot.read_at <= REUSE_SECONDS
        if self._is_current:
            metrics.HUB_READ_AT.set_to_current_time()
        if self._frame is None or self._sent_etag != snapshot.etag:
            self._sent_etag, self._frame = snapshot.etag, Frame.of(snapshot.frame)
            await self._broadcast(self._frame)
        elif time.monotonic() - self._sent_at >= HEARTBEAT_SECONDS:
            await self._broadcast(Frame.of(f'{{"event":"heartbeat","data":{{"as_of":"{snapshot.as_of}"}}}}'))

    async def _broadcast(self, frame: Frame) -> None:
        self._sent_at = time.monotonic()
        for number, viewer in enumerate(list(self._viewers), start=1):
            viewer.show(frame)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        metrics.FRAMES.inc(len(self._viewers))
        await asyncio.sleep(0)


hub = Hub()


def announce() -> None:
    """Tell every process that the standings may have changed. Called after commit; never blocks or fails the caller."""
    hub.ping()


def _read() -> Snapshot:
    with read_limit():
        close_old_connections()
        return read_snapshot()
