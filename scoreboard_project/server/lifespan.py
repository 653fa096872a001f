"""What runs beside the application for as long as it serves."""

import asyncio

from django.conf import settings

from audit.refusals import REFUSALS
from scoreboard_project.server.asgi_types import Application, Message, Receive, Send
from scoreboard_project.server.process import tune
from scoreboard_project.server.readiness import DatabaseWatch
from scores.database.availability import availability

#: A server begins to serve knowing whether the database answers, and with a board to show.
WATCH_TIMEOUT_SECONDS = 3.0


class Lifespan:
    """Around the application: the database is watched and refusals are written while it serves, the last ones when the server stops."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            # Not every server says when it starts (Django's runserver does not).
            REFUSALS.start()
            await self._application(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    watch = DatabaseWatch(availability)
    while (await receive())["type"] == "lifespan.startup":
        # Here and not where the application is made: a command or a test that imports it is no server.
        for database in settings.DATABASES.values():
            database["OPTIONS"].update(settings.WEB_DATABASE_OPTIONS)
        tune()
        REFUSALS.start()
        await asyncio.to_thread(watch.start, timeout=WATCH_TIMEOUT_SECONDS)
        await send({"type": "lifespan.startup.complete"})
    watch.stop()
    await asyncio.to_thread(REFUSALS.stop)
    await send({"type": "lifespan.shutdown.complete"})
