"""The socket accepts nothing: whoever writes to it is let go."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect

from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.servers import ScoreboardServer
from tests.support.sockets import read_close, socket_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def player(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


@pytest.mark.parametrize("message", ["hello", b"\x00\x01", "{}", ""])
def test_whatever_a_viewer_sends_closes_its_socket_without_a_traceback(
    message: str | bytes, player: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server()

    async def send() -> None:
        async with connect(socket_url(server)) as socket:
            await socket.send(message)
            await socket.send(message)
            assert await read_close(socket) == 1008

    asyncio.run(send())
    assert "Traceback" not in server.log
