"""Many boards are watched at the same time: an update reaches those it counts on, at once, and no others."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from scores.counting.definitions import make_board
from scores.models import Action, Score
from tests.support.acting import access_token, make_player
from tests.support.servers import ScoreboardServer
from tests.support.sockets import is_quiet, read_refusal, receive, socket_url

pytestmark = pytest.mark.django_db(transaction=True)
MAXIMUM_WATCHED = 64
Servers = Callable[..., ScoreboardServer]


@pytest.fixture
def ada(transactional_db: None) -> Score:
    for slug in ("chess-win", "quiz"):
        Action.objects.create(slug=slug, label=slug, points=10)
    make_board(slug="yearly", label="Every year", counts="*", rule="sum", span="year", actor="system")
    make_board(slug="chess", label="Chess", counts="chess-*", rule="count", span="month", actor="system")
    return make_player("Ada")


def act(server: ScoreboardServer, token: str, action: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": action}
    body = json.dumps({"action": action}).encode()
    request = urllib.request.Request(f"{server.url}/api/score/update", body, headers, method="PATCH")
    urllib.request.urlopen(request, timeout=10).close()


def read_top(server: ScoreboardServer, path: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/api/{path}", timeout=10) as response:
        return json.load(response)


def without_time(top: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in top.items() if name != "as_of"}


async def read_scores(socket: ClientConnection) -> list[int]:
    return [entry["score"] for entry in (await receive(socket))["data"]["entries"]]


def test_an_update_reaches_exactly_the_boards_and_periods_that_it_counts_in(
    ada: Score, scoreboard_server: Servers
) -> None:
    server, token = scoreboard_server(), access_token(ada)

    async def watch() -> None:
        async with AsyncExitStack() as stack:

            async def open_socket(path: str) -> ClientConnection:
                return await stack.enter_async_context(connect(socket_url(server, path)))

            yearly, main = await open_socket("boards/yearly"), await open_socket("scoreboard")
            first = await receive(yearly)
            assert first["event"] == "scoreboardUpdate"
            year = first["data"]["period"]["name"]
            named, past = (
                await open_socket(f"boards/yearly/{year}"),
                await open_socket(f"boards/yearly/{int(year) - 1}"),
            )
            chess, all_time = await open_socket("boards/chess"), await open_socket("boards/main")
            for socket in (named, past, chess, all_time, main):
                assert (await receive(socket))["data"]["entries"] == []

            await asyncio.to_thread(act, server, token, "quiz")
            news = await receive(yearly)
            assert without_time(news["data"]) == without_time(
                await asyncio.to_thread(read_top, server, "boards/yearly")
            )
            assert [(row["name"], row["score"]) for row in news["data"]["entries"]] == [("Ada", 10)]
            assert [await read_scores(socket) for socket in (named, all_time, main)] == [[10]] * 3
            assert [await is_quiet(socket) for socket in (past, chess)] == [True, True]

            await asyncio.to_thread(act, server, token, "chess-win")
            assert [await read_scores(socket) for socket in (yearly, named, all_time, main)] == [[20]] * 4
            assert await read_scores(chess) == [1]
            assert await is_quiet(past)

    asyncio.run(watch())
    assert "Traceback" not in server.log


def test_beyond_so_many_boards_a_new_one_has_to_wait_for_a_place(ada: Score, scoreboard_server: Servers) -> None:
    server = scoreboard_server()

    async def watch() -> None:
        async with AsyncExitStack() as stack:
            sockets = [
                await stack.enter_async_context(connect(socket_url(server, f"boards/yearly/{1990 + number}")))
                for number in range(MAXIMUM_WATCHED)
            ]
            for number, socket in enumerate(sockets):
                assert (await receive(socket))["data"]["period"]["name"] == str(1990 + number)
            assert await read_refusal(server, "boards/yearly/1989") == (1013, "too_many_watched")
            for path in ("scoreboard", "boards/yearly/1990"):
                async with connect(socket_url(server, path)) as socket:
                    assert (await receive(socket))["event"] == "scoreboardUpdate"
            await sockets[0].close()
            async with connect(socket_url(server, "boards/yearly/1989")) as socket:
                assert (await receive(socket))["data"]["period"]["name"] == "1989"

    asyncio.run(watch())
    assert "Traceback" not in server.log
    assert server.log.count("refused a socket with 1013 too_many_watched address=127.0.0.1") == 1
