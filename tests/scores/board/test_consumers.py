"""The socket accepts nothing: whoever writes to it is let go; so is, with the reason, who asks for a board that there is not."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect

from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.boards import make_board
from tests.support.metrics import scrape
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer
from tests.support.sockets import is_quiet, read_close, read_refusal, receive, socket_url
from tests.support.threads import off_the_loop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def player(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


def count_viewers(server: ScoreboardServer) -> float:
    return sum(value for series, value in scrape(server).items() if series.startswith("scoreboard_viewers"))


@pytest.mark.parametrize("message", ["hello", b"\x00\x01", "{}", ""])
@pytest.mark.parametrize("path", ["scoreboard", "boards/daily"])
def test_whatever_a_viewer_sends_closes_its_socket_without_a_traceback(
    message: str | bytes, path: str, player: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    make_board("daily")
    server = scoreboard_server()

    async def send() -> None:
        async with connect(socket_url(server, path)) as socket:
            await socket.send(message)
            await socket.send(message)
            assert await read_close(socket) == 1008

    asyncio.run(send())
    assert "Traceback" not in server.log


def test_who_asks_for_what_there_is_not_is_told_so_and_who_is_too_early_to_come_again(
    transactional_db: None, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    make_board("daily")
    make_board("off", enabled=False)
    make_board("new", filling=True)
    server = scoreboard_server()
    expected = {
        "boards/none": (4404, "unknown_board"),
        "boards/NONE%00": (4404, "unknown_board"),
        "boards/off": (4404, "unknown_board"),
        "boards/off/2026-11-27": (4404, "unknown_board"),
        "boards/daily/2026-11-31": (4404, "unknown_period"),
        "boards/daily/previous": (4404, "unknown_period"),
        "boards/new": (1013, "board_filling"),
    }

    async def ask() -> dict[str, tuple[int, str]]:
        return {path: await read_refusal(server, path) for path in expected}

    assert asyncio.run(ask()) == expected
    assert "Traceback" not in server.log
    assert "refused a socket with 1013 board_filling address=127.0.0.1" in server.log
    assert scrape(server)['scoreboard_refusals_total{code="unknown_board"}'] == 4
    wait_until(lambda: count_viewers(server) == 0, seconds=5, what="The end of all")


def test_who_watches_a_board_that_is_switched_off_is_let_go_and_others_go_on(
    transactional_db: None, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    daily = make_board("daily")
    make_board("chess")
    server = scoreboard_server()

    async def watch() -> None:
        paths = [socket_url(server, path) for path in ("boards/daily", "boards/chess", "scoreboard")]
        async with connect(paths[0]) as gone, connect(paths[1]) as other, connect(paths[2]) as main:
            for socket in (gone, other, main):
                await receive(socket)
            daily.enabled = False
            await off_the_loop(daily.save)
            assert (await read_close(gone), gone.close_reason) == (4404, "unknown_board")
            assert await is_quiet(other)
            assert await is_quiet(main)

    asyncio.run(watch())
    assert "Traceback" not in server.log
