"""The socket: what viewers are sent, and that it accepts nothing."""

import asyncio
import json
import signal
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect

from audit import clock
from audit.times import SECOND_US
from scores.models import Action, Score
from tests.support.acting import access_token, make_player
from tests.support.boards import make_board, make_period, stand
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer, Valkey
from tests.support.sockets import read_close, receive, socket_url
from tests.support.threads import off_the_loop

pytestmark = pytest.mark.django_db(transaction=True)
DEAF = "pings of other processes cannot be heard"
HEARING = "pings of other processes are heard again"


@pytest.fixture
def player(transactional_db: None) -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    return make_player()


def get_top(server: ScoreboardServer) -> str:
    with urllib.request.urlopen(f"{server.url}/api/score/top", timeout=10) as response:
        text: str = response.read().decode()
    return text


def act(server: ScoreboardServer, token: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    body = b'{"action": "daily-quiz"}'
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/api/score/update", body, headers, method="PATCH"), timeout=10
    ).close()


def test_a_viewer_gets_the_bytes_of_get_top_and_then_every_change(
    player: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server, token = scoreboard_server(), access_token(player)

    async def watch() -> None:
        async with connect(socket_url(server)) as socket:
            first = await asyncio.wait_for(socket.recv(), 5)
            top = await asyncio.to_thread(get_top, server)
            assert first == f'{{"event":"scoreboardUpdate","data":{top}}}'
            await asyncio.to_thread(act, server, token, "one")
            changed = await receive(socket)
            assert changed["event"] == "scoreboardUpdate"
            assert [(entry["player"], entry["score"]) for entry in changed["data"]["entries"]] == [(str(player.pk), 10)]
            assert changed["data"]["entries"] == json.loads(await asyncio.to_thread(get_top, server))["entries"]

    asyncio.run(watch())


@pytest.mark.any_database
@pytest.mark.postgresql
def test_viewers_of_two_processes_see_the_same(
    player: Score, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    one, other, token = scoreboard_server(), scoreboard_server(), access_token(player)

    async def watch() -> None:
        async with connect(socket_url(one)) as here, connect(socket_url(other)) as there:
            await receive(here)
            await receive(there)
            await asyncio.to_thread(act, one, token, "one")
            # Less than the time after which a hub looks by itself: the ping crossed over.
            assert (await receive(there, 3))["data"]["entries"] == (await receive(here, 3))["data"]["entries"]

    asyncio.run(watch())


@pytest.mark.any_database
@pytest.mark.postgresql
def test_processes_that_cannot_hear_each_other_look_every_second_until_they_can(
    player: Score, scoreboard_server: Callable[..., ScoreboardServer], valkey: Valkey
) -> None:
    one, other, token = scoreboard_server(), scoreboard_server(), access_token(player)

    async def watch() -> None:
        async with connect(socket_url(other)) as there:
            await receive(there)
            # As a cable that was pulled: the connections stay, and nothing comes through them.
            valkey.process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.to_thread(wait_until, lambda: DEAF in other.log, seconds=6, what="The silence")
                await asyncio.to_thread(act, one, token, "one")
                assert (await receive(there, 2.5))["data"]["entries"][0]["score"] == 10
            finally:
                valkey.process.send_signal(signal.SIGCONT)
            await asyncio.to_thread(wait_until, lambda: HEARING in one.log + other.log, seconds=6, what="The return")
            await asyncio.to_thread(act, one, token, "two")
            assert (await receive(there, 0.9))["data"]["entries"][0]["score"] == 20

    asyncio.run(watch())
    for server in (one, other):
        assert "Traceback" not in server.log
    assert other.log.count(DEAF) == 1


@pytest.mark.any_database
@pytest.mark.postgresql
def test_a_valkey_that_is_restarted_is_one_sentence_in_the_log(
    player: Score, scoreboard_server: Callable[..., ScoreboardServer], valkey: Valkey
) -> None:
    server, token = scoreboard_server(), access_token(player)

    async def watch() -> None:
        async with connect(socket_url(server)) as socket:
            await receive(socket)
            valkey.stop()
            try:
                await asyncio.to_thread(wait_until, lambda: DEAF in server.log, seconds=6, what="The silence")
                for number in range(5):
                    await asyncio.to_thread(act, server, token, str(number))
            finally:
                valkey.start()
            await asyncio.to_thread(wait_until, lambda: HEARING in server.log, seconds=6, what="The return")

    asyncio.run(watch())
    said = [line.split(" ", 3)[-1] for line in server.log.splitlines() if "WARNING" in line or "ERROR" in line]
    assert "Traceback" not in server.log
    assert len(said) == len(set(said)), said


@pytest.mark.any_database
def test_a_quiet_socket_gets_a_heartbeat(player: Score, scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server()

    async def watch() -> None:
        async with connect(socket_url(server)) as socket:
            await receive(socket)
            heartbeat = await receive(socket, 18)
            assert heartbeat["event"] == "heartbeat"
            assert set(heartbeat["data"]) == {"as_of"}

    asyncio.run(watch())


def test_a_server_that_stops_says_so(player: Score, scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    server = scoreboard_server()

    async def watch() -> None:
        async with connect(socket_url(server)) as socket:
            await receive(socket)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            assert await read_close(socket) in {1001, 1012}
            await stopping

    asyncio.run(watch())
    assert "Traceback" not in server.log


def test_a_period_that_ends_gives_way_to_the_next_by_itself(
    transactional_db: None, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    cups, now_us = make_board("cups", span="season"), clock.read_us()
    # Sooner than a hub looks by itself.
    ends_us = now_us + 9 * SECOND_US
    first = make_period(cups, "first", starts_us=now_us - SECOND_US, ends_us=ends_us)
    make_period(cups, "second", starts_us=ends_us, ends_us=None)
    stand("Ada", first, 30)
    server = scoreboard_server()

    async def watch() -> None:
        await asyncio.sleep((ends_us - await off_the_loop(clock.read_us)) / SECOND_US - 3)
        async with (
            connect(socket_url(server, "boards/cups")) as current,
            connect(socket_url(server, "boards/cups/first")) as named,
        ):
            assert read_period(await receive(current)) == ("first", "open", [30])
            assert read_period(await receive(named)) == ("first", "open", [30])
            assert read_period(await receive(current)) == ("second", "open", [])
            assert 0 <= await off_the_loop(clock.read_us) - ends_us < SECOND_US
            assert read_period(await receive(named)) == ("first", "closing", [30])

    asyncio.run(watch())
    assert "Traceback" not in server.log


def read_period(message: dict[str, Any]) -> tuple[str, str, list[int]]:
    top = message["data"]
    return top["period"]["name"], top["period"]["state"], [entry["score"] for entry in top["entries"]]
