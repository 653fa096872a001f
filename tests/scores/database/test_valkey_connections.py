"""The name of Valkey: a resolver that does not answer holds nobody up, and TLS asks for the certificate of the name."""

import asyncio
import json
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scores.database.valkey_connections import async_pool_options, look_up, pool_options
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.processes import free_port
from tests.support.servers import ScoreboardServer, Valkey

ABSENT = "valkey.absent"
#: In a server: the system's own look-up of this one name, as it is where no nameserver answers.
NO_ANSWER = f"""
import socket, time
look_up = socket.getaddrinfo
def getaddrinfo(host, *arguments, **options):
    if host == {ABSENT!r}:
        time.sleep(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return look_up(host, *arguments, **options)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that the system is asked for while it answers none of them."""
    asked: list[str] = []
    over = threading.Event()

    def getaddrinfo(host: str, *arguments: Any, **options: Any) -> list[Any]:
        asked.append(host)
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    over.set()


def test_a_name_that_nobody_answers_for_is_given_up_soon_and_asked_for_once(lookups: list[str]) -> None:
    client = redis.Redis(connection_pool=redis.ConnectionPool(**pool_options("redis://once.absent:6379/0")))

    def ask(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(redis.RedisError):
            client.ping()
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(ask, range(8))) < 3
    assert lookups == ["once.absent"]


def test_the_event_loop_goes_on_and_gives_the_name_up_soon(lookups: list[str]) -> None:
    async def ask() -> int:
        pool = redis.asyncio.ConnectionPool(**async_pool_options("redis://loop.absent:6379/0"))
        asking: asyncio.Future[bool] = asyncio.ensure_future(redis.asyncio.Redis(connection_pool=pool).ping())
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0.01)
        with pytest.raises(redis.RedisError):
            await asking
        return turns

    began = time.monotonic()
    assert asyncio.run(ask()) > 5
    assert time.monotonic() - began < 3
    assert lookups == ["loop.absent"]


def test_one_who_gives_up_cancels_nothing_for_the_others(lookups: list[str]) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(look_up("shared.absent", 1)), 0.05)

    asyncio.run(give_up())
    assert look_up("shared.absent", 1).running()
    assert lookups == ["shared.absent"]


@pytest.mark.parametrize("name", ["", "a" * 64, "x..y"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    client = redis.Redis(connection_pool=redis.ConnectionPool(**{**pool_options("redis://h:1/0"), "host": name}))
    with pytest.raises(redis.RedisError):
        client.ping()


@pytest.mark.any_database
@pytest.mark.postgresql
def test_all_goes_on_at_once_while_nobody_answers_for_the_name_of_valkey(
    scoreboard_server: Callable[..., ScoreboardServer], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_ANSWER, encoding="utf-8")
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    token = access_token(make_player())
    server = scoreboard_server(REDIS_URL=f"redis://{ABSENT}:6379/0", PYTHONPATH=str(tmp_path))

    def ask(number: int) -> tuple[int, float]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(number),
        }
        asks = [
            ("GET", "/healthz", None),
            ("GET", "/api/score/top", None),
            ("PATCH", "/api/score/update", b'{"action": "daily-quiz"}'),
        ]
        method, path, body = asks[number % 3]
        request = urllib.request.Request(server.url + path, body, headers if body else {}, method=method)
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, time.monotonic() - began

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, range(60)))
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < 4
    with urllib.request.urlopen(f"{server.url}/api/score/top", timeout=5) as answer:
        assert json.load(answer)["entries"][0]["score"] == 200
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 10


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the name `localhost` alone, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    return folder / "certificate.pem", folder / "key.pem"


@asynccontextmanager
async def tls_before(valkey: Valkey, certificate: Path, key: Path) -> AsyncIterator[int]:
    """A port on loopback where TLS leads to Valkey, which has none of its own here."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", valkey.port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port, ssl=context):
        yield port


@pytest.mark.any_database
@pytest.mark.postgresql
def test_under_tls_the_certificate_is_that_of_the_name(valkey: Valkey, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)

    async def ask() -> list[bool]:
        async with tls_before(valkey, certificate, key) as port:
            answers = []
            for host in ("localhost", "127.0.0.1"):
                url = f"rediss://{host}:{port}/0?ssl_ca_certs={certificate}"
                plain = redis.Redis(connection_pool=redis.ConnectionPool(**pool_options(url)))
                looped = redis.asyncio.Redis(connection_pool=redis.asyncio.ConnectionPool(**async_pool_options(url)))
                answers += [await asyncio.to_thread(answers_ping, plain), await answers_ping_in_loop(looped)]
                await looped.aclose(close_connection_pool=True)
                plain.close()
                plain.connection_pool.disconnect()
            return answers

    assert asyncio.run(ask()) == [True, True, False, False]


def answers_ping(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


async def answers_ping_in_loop(client: Any) -> bool:
    try:
        return bool(await client.ping())
    except (redis.RedisError, OSError):
        return False
