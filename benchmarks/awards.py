"""Part 13: POST /api/awards, many awards by one call, beside single updates: what an award costs of all CPU."""

import http.client
import json
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import count, cycle, islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.costs import Meter
from benchmarks.following import updates
from benchmarks.measuring import Sizes, measure_row
from benchmarks.stage import ACTION, POINTS, Player, Stage, address
from benchmarks.table import Row, percentile
from tests.support.processes import Server, ServerError

PATH = "/api/awards"
#: The registered issuer, and its key.
ISSUER, KID, AUDIENCE = "test-backend", "test-1", "scoreboard"
#: Awards by call, how many calls are under way at once, and how many there are for each second of a measurement.
SIZES = ((1, 16, 200), (10, 16, 100), (100, 8, 40), (1000, 2, 8))
MAXIMUM_RECEIPTS = 100
_ids = count()


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    group = "Awards by a backend, one web process"
    with stage.serve(ISSUER_RATE="0") as web:
        load = updates(web, players, sizes.seconds, connections=sizes.connections)
        yield measure_row(stage, [web], load, sizes, group=group, name="single updates", is_reference=True)[0]
        for awards, connections, calls in SIZES:
            for form, make in FORMS.items():
                if awards <= MAXIMUM_RECEIPTS or make is make_stated:
                    stage.settle()
                    number = max(connections, int(calls * sizes.seconds))
                    bodies = list(islice(_sign_calls(stage, players, awards, make), number))
                    row = Row(group, f"{awards} {form} a call")
                    yield _measure_calls(stage, web, bodies, connections, row, awards)
    stage.manage("verify_ledger")


def _measure_calls(stage: Stage, web: Server, bodies: Sequence[bytes], connections: int, row: Row, awards: int) -> Row:
    """Send all bodies, each once, over so many connections."""
    latencies: list[float] = []
    faults: list[object] = []
    shares = [bodies[number::connections] for number in range(connections)]
    threads = [threading.Thread(target=_send, args=(web, share, awards, latencies, faults)) for share in shares]
    meter = Meter(stage, [web]).start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.spent = meter.stop()
    if faults:
        raise ServerError(f"{row.name}: {faults[0]}")
    row.operations = awards * len(bodies)
    row.rate = row.operations / row.spent.seconds
    row.p50, row.p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
    return row


def _send(web: Server, bodies: Sequence[bytes], awards: int, latencies: list[float], faults: list[object]) -> None:
    connection = http.client.HTTPConnection(*address(web), timeout=30)
    for body in bodies:
        began = time.perf_counter()
        connection.request("POST", PATH, body, {"Content-Type": "application/json", "Host": "localhost"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
        latencies.append(1000 * (time.perf_counter() - began))
        if document.get("accepted") != awards:
            faults.append(document if awards < 3 else str(document)[-300:])
            return
    connection.close()


Make = Callable[[Ed25519PrivateKey, Sequence[Player]], dict[str, object]]


def _sign_calls(stage: Stage, players: Sequence[Player], awards: int, make: Make) -> Iterator[bytes]:
    key = Ed25519PrivateKey.from_private_bytes(_decode(stage.environment["TEST_ISSUER_SEED"]))
    turns = cycle(players)
    while True:
        yield json.dumps(make(key, list(islice(turns, awards)))).encode()


def make_stated(key: Ed25519PrivateKey, players: Sequence[Player]) -> dict[str, object]:
    """A call that credits each of these players, by one signature."""
    lines = [f"{_make_jti()} {player.id} {ACTION} {POINTS}" for player in players]
    hashes = [_encode(sha256(line.encode()).digest()) for line in lines]
    return {"statement": _sign(key, "score-statement+jwt", lines=hashes), "awards": lines}


def make_receipts(key: Ed25519PrivateKey, players: Sequence[Player]) -> dict[str, object]:
    """A call that credits each of these players, by a signature each."""
    return {"receipts": [_sign(key, "score-receipt+jwt", sub=player.id, act=ACTION, pts=POINTS) for player in players]}


FORMS: dict[str, Make] = {"lines of a statement": make_stated, "receipts": make_receipts}


def _sign(key: Ed25519PrivateKey, kind: str, **claims: object) -> str:
    now = int(time.time())
    header = {"alg": "EdDSA", "typ": kind, "kid": KID}
    said = {"iss": ISSUER, "aud": AUDIENCE, "jti": _make_jti(), "iat": now, "exp": now + 600, **claims}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, said))
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


def _make_jti() -> str:
    return f"bench-{time.time_ns():x}-{next(_ids):010x}"


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
