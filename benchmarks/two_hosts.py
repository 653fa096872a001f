"""Part 6: two hosts, each a network namespace with addresses of its own; one PostgreSQL and one Valkey for both.

Each host has two links, as hosts in a data centre do: one to the viewers, one to the database network. The latter is
cut by taking the link down, so that packets vanish and nobody is told.
"""

import asyncio
import contextlib
import http.client
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Self

from benchmarks.following import Trace, Watched, followed
from benchmarks.load import Load, make_updates
from benchmarks.measuring import Sizes
from benchmarks.proxy import pump
from benchmarks.stage import ACTION, Stage, address
from benchmarks.table import Row, percentile
from benchmarks.viewers import Viewers
from tests.support.processes import ServerError
from tests.support.servers import ScoreboardServer

GROUP = "Two hosts"
NAMES = ("scoreboard-a", "scoreboard-b")
FRONT, BACK = "10.213.8", "10.213.7"
WATCHING = 100
MARKS = 20
TOGETHER_MILLISECONDS = 300
HEAL_SECONDS = 6
AWARDS = "SELECT count(*) FROM audit_auditentry WHERE kind = 'award'"


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(max(sizes.players, 20))
    with contextlib.ExitStack() as stack:
        try:
            network = stack.enter_context(Network())
        except (OSError, ServerError) as error:
            yield Row(GROUP, "two network namespaces", note=f"not tried: making them was refused ({error})")
            return
        ports = [stage.postgresql.port, stage.valkey.port]
        stack.enter_context(Forwarder(f"{BACK}.1", ports))
        urls = {
            name: stage.environment[name].replace("127.0.0.1", f"{BACK}.1") for name in ("DATABASE_URL", "REDIS_URL")
        }
        hosts = [stack.enter_context(Host({**stage.environment, **urls}, number)) for number in range(len(NAMES))]
        viewers = stack.enter_context(Viewers([address(host) for host in hosts]))
        viewers.connect(WATCHING)
        watched = Watched(stage, sizes, GROUP, hosts[0], players, viewers, stage.postgresql.url)
        yield _compare(watched, hosts)
        for seconds in sizes.cuts:
            yield _cut(watched, hosts, network, seconds)
    stage.manage("verify_ledger")


def _compare(watched: Watched, hosts: Sequence["Host"]) -> Row:
    late = followed(watched, hosts[1], MARKS).late
    return Row(
        GROUP,
        f"{WATCHING} viewers on both see updates of one",
        p50=percentile(late, 0.5),
        p99=percentile(late, 0.99),
        note="p50, p99: from commit to the last viewer",
        passed=percentile(late, 0.99) <= TOGETHER_MILLISECONDS,
    )


def _cut(watched: Watched, hosts: Sequence["Host"], network: "Network", seconds: float) -> Row:
    """The first host loses the database network while both are acted on."""
    stage, before, back = watched.stage, watched.stage.count(AWARDS), 0.0

    def cut() -> None:
        nonlocal back
        time.sleep(2)
        network.cut(NAMES[0])
        time.sleep(seconds)
        network.mend(NAMES[0])
        back = time.monotonic()

    lasting = seconds + 2 * HEAL_SECONDS
    heads, body = make_updates((player.token for player in watched.players[1:]), ACTION)
    # They end with the cut: from then on the host hears of updates elsewhere, or not at all.
    there = Load([address(hosts[0])], heads, seconds + 2, 4, body, keyed=True, rate=10, retry=True)
    trace = followed(watched, hosts[1], MARKS, there, seconds=lasting, during=cut)
    entries, good = stage.count(AWARDS) - before, sum(outcome.good for outcome in trace.outcomes)
    missed, after = _since(trace, back)
    statuses = trace.outcomes[1].statuses
    told = ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(statuses.items()))
    return Row(
        GROUP,
        f"one cut off from PostgreSQL and Valkey for {seconds:.0f} s",
        p50=percentile(after, 0.5),
        p99=percentile(after, 0.99),
        note=f"right again {missed:.1f} s after its return; updates there: {told}; {good} acknowledged, {entries} entries; "
        f"p50, p99: from {HEAL_SECONDS} s after the return",
        passed=missed <= HEAL_SECONDS
        and set(statuses) <= {200, 503}
        and entries == good
        and percentile(after, 0.99) <= TOGETHER_MILLISECONDS,
    )


def _since(trace: Trace, back: float) -> tuple[float, list[float]]:
    """Seconds until all that was committed by then had been seen by all; the lateness of what was committed well after."""
    missed, after = 0.0, []
    for score, moment in zip(trace.scores, trace.moments, strict=True):
        seen = trace.seen.reached_all(score)
        if moment <= back:
            # Not a number (somebody never saw it) fails every comparison.
            missed = seen - back if not seen - back <= missed else missed
        elif moment > back + HEAL_SECONDS:
            after.append(1000 * (seen - moment))
    return missed, after


class Host(ScoreboardServer):
    """Our server in a namespace."""

    def __init__(self, environment: Mapping[str, str], number: int) -> None:
        super().__init__(environment)
        self.name = NAMES[number]
        self.host = f"{FRONT}.{11 + number}"

    def _command(self) -> list[str]:
        python, manage, serve, _, _, *options = super()._command()
        return ["ip", "netns", "exec", self.name, python, manage, serve, "--host", self.host, *options]

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(*address(self), timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == http.HTTPStatus.OK
        return False


class Network:
    """The namespaces and their links to us, for as long as the `with` lasts. Nothing of it is reachable from outside."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for bridge, net in (("sb-front", FRONT), ("sb-back", BACK)):
                _ip(f"link add {bridge} type bridge")
                stack.callback(_ip, f"link del {bridge}")
                _ip(f"addr add {net}.1/24 dev {bridge}")
                _ip(f"link set {bridge} up")
            for number, name in enumerate(NAMES):
                _ip(f"netns add {name}")
                stack.callback(_ip, f"netns del {name}")
                _ip(f"-n {name} link set lo up")
                for bridge, net in (("sb-front", FRONT), ("sb-back", BACK)):
                    ours, theirs = f"{bridge}-{name[-1]}", f"{bridge[3:]}"
                    _ip(f"link add {ours} type veth peer name {theirs} netns {name}")
                    # The end of a namespace comes some time after its deletion, and would take its links along only then.
                    stack.callback(_ip, f"link del {ours}")
                    _ip(f"link set {ours} master {bridge} up")
                    _ip(f"-n {name} addr add {net}.{11 + number}/24 dev {theirs}")
                    _ip(f"-n {name} link set {theirs} up")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def cut(self, name: str) -> None:
        _ip(f"link set sb-back-{name[-1]} down")

    def mend(self, name: str) -> None:
        _ip(f"link set sb-back-{name[-1]} up")


def _ip(words: str) -> None:
    done = subprocess.run(["ip", *words.split()], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ServerError(f"ip {words}: {done.stderr.strip()}")


class Forwarder:
    """Brings ports of the loopback address to an address of the hosts' network: the servers themselves stay on loopback."""

    def __init__(self, host: str, ports: Sequence[int]) -> None:
        self._host = host
        self._ports = ports
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="forwarder")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        for port in self._ports:
            await asyncio.start_server(lambda *ends, port=port: _forward(port, *ends), self._host, port)
        self._ready.set_result(None)
        await self._stopped.wait()


async def _forward(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(there, writer))
