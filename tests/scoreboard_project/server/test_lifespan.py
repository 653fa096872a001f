"""What runs beside the application begins with it and ends with it, and what was counted is written."""

import copy
import gc
import sys
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from audit.models import Refusal
from audit.refusals import RefusalLog
from scoreboard_project.server import lifespan
from scoreboard_project.server.asgi_types import Message, Receive, Send
from scoreboard_project.server.lifespan import Lifespan
from scores.database.availability import Availability


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    interval, options = sys.getswitchinterval(), copy.copy(settings.DATABASES["default"]["OPTIONS"])
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()
    settings.DATABASES["default"]["OPTIONS"] = options


@pytest.fixture
def availability(monkeypatch: pytest.MonkeyPatch) -> Availability:
    """This test's own, as its refusals are."""
    availability = Availability()
    monkeypatch.setattr(lifespan, "availability", availability)
    return availability


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> RefusalLog:
    refusals = RefusalLog()
    monkeypatch.setattr(lifespan, "REFUSALS", refusals)
    return refusals


async def application(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})


@pytest.mark.django_db(transaction=True)
def test_it_serves_knowing_its_database_and_writes_the_last_refusals_when_it_stops(
    availability: Availability, refusals: RefusalLog
) -> None:
    @async_to_sync
    async def live() -> None:
        communicator = ApplicationCommunicator(Lifespan(application), {"type": "lifespan"})
        await communicator.send_input({"type": "lifespan.startup"})
        assert await communicator.receive_output(10) == {"type": "lifespan.startup.complete"}
        assert (availability.is_watched, availability.is_away, availability.is_migrated) == (True, False, True)
        refusals.record("rate_limited", "192.0.2.1")
        await communicator.send_input({"type": "lifespan.shutdown"})
        assert await communicator.receive_output(10) == {"type": "lifespan.shutdown.complete"}

    live()
    assert list(Refusal.objects.values_list("reason", "subject", "count")) == [("rate_limited", "192.0.2.1", 1)]


def test_a_request_is_the_applications(refusals: RefusalLog) -> None:
    @async_to_sync
    async def ask() -> Message:
        communicator = ApplicationCommunicator(Lifespan(application), {"type": "http"})
        answer: Message = await communicator.receive_output(5)
        return answer

    assert ask()["status"] == 204
    refusals.stop()
