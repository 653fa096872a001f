"""Rate limits: who is counted, by which address, together with whom, and what happens without Valkey."""

import itertools
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import caches
from django.test import Client
from django_ratelimit.core import EXPIRATION_FUDGE, get_usage
from pytest_django import Settings

from scores.addresses import find_network
from scores.http import context
from scores.http.counting import Count, CountingCache
from scores.http.limits import count, split_rate
from scores.models import Action, Score
from tests.support.acting import PASSWORD, access_token, make_player, read_problem, update
from tests.support.servers import ScoreboardServer, Valkey

pytestmark = pytest.mark.usefixtures("no_traceback")
ACT = {"action": "daily-quiz"}


@pytest.mark.django_db
def test_a_player_at_the_limit_is_told_when_to_come_back_and_touches_nobody_else(
    player: Score, token: str, daily_quiz: Action, settings: Settings, nothing_written: Callable[[], Any]
) -> None:
    settings.SCORE_UPDATE_RATE = "2/d"
    first = update(ACT, token=token, key="1")
    assert first.headers["RateLimit-Policy"] == '"player";q=2;w=86400'
    assert first.headers["RateLimit"].startswith('"player";r=1;t=')
    assert update(ACT, token=token, key="2").headers["RateLimit"].startswith('"player";r=0;t=')
    with nothing_written():
        refused = update(ACT, token=token, key="3")
        read_problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 86400
    assert refused.headers["RateLimit"].startswith('"player";r=0;t=')
    assert update(ACT, token=access_token(make_player("Grace")), key="1").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("second", [0, 1, 30, 59])
def test_who_comes_back_when_told_is_let_in(second: int, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.READ_RATE = "1/m"
    now = [1_800_000_000.0 + second]
    monkeypatch.setattr(time, "time", lambda: now[0])
    client = Client()
    assert client.get("/api/score/top").status_code == 200
    seconds = int(client.get("/api/score/top").headers["Retry-After"])
    assert 1 <= seconds <= 60
    now[0] += seconds - 1
    assert client.get("/api/score/top").status_code == 429
    now[0] += 1
    assert client.get("/api/score/top").status_code == 200


@pytest.mark.django_db
def test_a_replay_counts_against_the_rate(token: str, daily_quiz: Action, settings: Settings) -> None:
    settings.SCORE_UPDATE_RATE = "1/d"
    assert update(ACT, token=token, key="1").status_code == 200
    read_problem(update(ACT, token=token, key="1"), 429, "rate_limited")


@pytest.mark.django_db
def test_a_bad_token_is_refused_before_it_is_counted(token: str, daily_quiz: Action, settings: Settings) -> None:
    settings.SCORE_UPDATE_RATE = "1/d"
    for _ in range(3):
        read_problem(update(ACT, token="x.y.z", key="1"), 401, "token_invalid")
    assert update(ACT, token=token, key="1").status_code == 200


@pytest.mark.django_db
def test_nothing_is_counted_without_a_limit(token: str, daily_quiz: Action, settings: Settings) -> None:
    settings.SCORE_UPDATE_RATE = None
    answer = update(ACT, token=token, key="1")
    assert "RateLimit" not in answer.headers


@pytest.mark.django_db
def test_logins_are_limited_by_username_and_address_and_by_address(settings: Settings) -> None:
    settings.LOGIN_RATE, settings.LOGIN_ADDRESS_RATE = "2/d", "4/d"
    client = Client()

    def login(username: str, address: str) -> int:
        body = {"username": username, "password": "wrong password"}
        return client.post("/api/token", body, content_type="application/json", REMOTE_ADDR=address).status_code

    assert [login("ada", "192.0.2.1") for _ in range(3)] == [401, 401, 429]
    assert login("ADA", "192.0.2.1") == 429  # the same name to a person
    assert login("grace", "192.0.2.1") == 429  # the fifth from this address
    assert login("ada", "192.0.2.2") == 401


@pytest.mark.django_db
def test_what_is_tried_at_one_route_of_tokens_uses_up_no_other(player: Score, settings: Settings) -> None:
    settings.LOGIN_ADDRESS_RATE = "3/d"
    good = {"username": "ada", "password": PASSWORD}
    junk = {"refresh": "x.y.z"}
    client = Client()

    def post(path: str, body: dict[str, str]) -> int:
        return client.post(path, body, content_type="application/json").status_code

    assert [post("/api/token/refresh", junk) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert [post("/api/token/revoke", junk) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert [post("/api/token", good) for _ in range(3)] == [200, 200, 200]
    assert post("/api/token", good) == 429


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "neighbour", "stranger"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"),
    ],
)
def test_an_ipv6_client_is_its_network_at_every_limit_by_address(
    address: str, neighbour: str, stranger: str, settings: Settings
) -> None:
    settings.READ_RATE = settings.LOGIN_RATE = settings.LOGIN_ADDRESS_RATE = "1/d"
    settings.LOGIN_ADDRESS_RATE = "2/d"
    client = Client()
    login = {"username": "ada", "password": "wrong password"}
    for path, body, fine in (
        ("/api/score/top", None, 200),
        ("/embed", None, 200),
        ("/api/token", login, 401),
        ("/api/token/refresh", {"refresh": "x.y.z"}, 401),
    ):

        def ask(remote: str, path: str = path, body: Any = body) -> int:
            method = client.get if body is None else client.post
            return method(path, body, content_type="application/json", REMOTE_ADDR=remote).status_code

        quota = 2 if path == "/api/token/refresh" else 1
        assert [ask(address) for _ in range(quota)] == [fine] * quota
        assert (ask(neighbour), ask(stranger)) == (429, fine)


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("user:5", "user:5"),
    ],
)
def test_as_whom_an_address_is_counted(address: str, subject: str) -> None:
    assert find_network(address) == subject


@pytest.mark.django_db
def test_clients_whose_address_cannot_be_read_share_a_limit_with_those_of_their_own_peer_only(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES, settings.READ_RATE, settings.LOGIN_RATE = 1, "2/d", "2/d"
    monkeypatch.setattr(context, "_unreadable", itertools.count())
    client = Client(headers={"X-Forwarded-For": "in the clouds"})

    def read(peer: str) -> int:
        return client.get("/api/score/top", REMOTE_ADDR=peer).status_code

    def login(peer: str) -> int:
        body = {"username": "ada", "password": "wrong password"}
        return client.post("/api/token", body, content_type="application/json", REMOTE_ADDR=peer).status_code

    assert [read("192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert [login("192.0.2.1") for _ in range(3)] == [401, 401, 429]
    assert (read("192.0.2.2"), login("192.0.2.2")) == (200, 401)
    said = [record.getMessage() for record in caplog.records if record.name == "scores.http.context"]
    assert said == [
        "a client's address is 'in the clouds', which is none: it counts as unknown. Is TRUSTED_PROXIES (1) how many proxies "
        "stand in front, and does each of them add the address it sees to X-Forwarded-For?"
    ]


@pytest.mark.parametrize(
    ("rate", "parts"), [("60/m", (60, 60)), ("5/10s", (5, 10)), ("1/2h", (1, 7200)), ("9/d", (9, 86400))]
)
def test_a_rate_is_a_number_of_requests_in_seconds(rate: str, parts: tuple[int, int]) -> None:
    assert split_rate(rate) == parts


@pytest.mark.any_database
@pytest.mark.postgresql
@pytest.mark.django_db
def test_without_valkey_everything_goes_on_counted_by_this_process(
    token: str, daily_quiz: Action, settings: Settings, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SCORE_UPDATE_RATE = "2/d"
    valkey.stop()
    try:
        assert [update(ACT, token=token, key=str(number)).status_code for number in range(3)] == [200, 200, 429]
        assert Client().get("/readyz").json()["parts"]["limits"] == "degraded"
        assert Client().get("/readyz").status_code == 200
        assert "scoreboard_limits_shared 0.0" in Client().get("/metrics").content.decode()
    finally:
        valkey.start()
    said = [record.getMessage() for record in caplog.records if record.name == "scores.http.counting"]
    assert len(said) == 1
    assert said[0].startswith("limits are counted per process until REDIS_URL is within reach again")


@pytest.mark.any_database
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_count_together(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    token = access_token(make_player())
    servers = [scoreboard_server(SCORE_UPDATE_RATE="3/d") for _ in range(2)]

    def act(number: int) -> int:
        server = urlsplit(servers[number % 2].url)
        connection = HTTPConnection(str(server.hostname), server.port, timeout=10)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(number),
        }
        connection.request("PATCH", "/api/score/update", b'{"action": "daily-quiz"}', headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert [act(number) for number in range(5)] == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("rate", ["60/d", "5/2h"])
def test_keys_and_windows_are_those_of_django_ratelimit(
    rate: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATELIMIT_USE_CACHE = "default"
    theirs = get_usage(None, group="read", key=lambda *_: "192.0.2.1", rate=rate, increment=True)
    asked: list[Count] = []

    def note(_: CountingCache, limit: str, counts: list[Count]) -> list[int]:
        asked.extend(counts)
        return [1]

    monkeypatch.setattr(CountingCache, "count", note)
    [ours] = count("read", rate, ["192.0.2.1"])
    [(key, seconds, times)] = asked
    assert (caches["default"].get(key), times, seconds) == (1, 1, split_rate(rate)[1] + EXPIRATION_FUDGE)
    assert (ours.quota, ours.used) == (theirs["limit"], theirs["count"])
    assert 0 <= theirs["time_left"] + 1 - ours.seconds_left <= 2
