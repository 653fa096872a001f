"""Listens to the pings of all processes (`scores/announcements.py` sends them), and knows whether it would hear one."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from channels.layers import get_channel_layer

from scores.announcements import GROUP, LAYER_TIMEOUT_SECONDS

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
#: How often a listener makes sure that it would hear a ping.
PROBE_SECONDS = 1.0
PROBE = "standings.probe"


class Listener:
    """Calls `on_change` at every ping, and when it turns deaf or hears again: pings may have been lost meanwhile."""

    def __init__(self, on_change: Callable[[], object]) -> None:
        self._on_change = on_change
        self.hears = True

    async def listen(self) -> None:
        """Listen until cancelled; whenever something fails, begin anew with new connections."""
        layer = get_channel_layer()
        while True:
            try:
                await self._listen_until_failure(layer)
            except Exception as error:  # noqa: BLE001 - the board goes on without pings
                if self.hears:
                    logger.warning("pings of other processes cannot be heard: %s", str(error) or type(error).__name__)
            self.hears = False
            self._on_change()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_until_failure(self, layer: Any) -> None:
        """A subscription that died is as quiet as a quiet board, so the listener pings itself and waits for that."""
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
                if not self.hears:
                    logger.warning("pings of other processes are heard again")
                    self.hears = True
                    self._on_change()
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
                self._on_change()
