"""Stress: a server is told to stop under load, and two are restarted one after the other behind a proxy."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence

from benchmarks.following import updates
from benchmarks.load import LOST, Load, make_updates
from benchmarks.measuring import Sizes, measure, merge
from benchmarks.proxy import Proxy
from benchmarks.stage import ACTION, MARKER, Player, Stage, address
from benchmarks.table import Row
from benchmarks.viewers import Viewers
from tests.support.processes import Server, ServerError, wait_until

GROUP = "Stress"
STOP_SECONDS = 10
LIVE_SECONDS = 6
WATCHING = 100
GOING_AWAY = {1001, 1012}
AWARDS = "SELECT count(*) FROM audit_auditentry WHERE kind = 'award'"


def run(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Iterator[Row]:
    yield _stop(stage, players)
    yield _restart_in_turn(stage, sizes, players)


def _stop(stage: Stage, players: Sequence[Player]) -> Row:
    """SIGTERM: requests in flight are finished, what was committed was answered, sockets are told."""
    before = stage.count(AWARDS)
    with stage.serve(2) as web, Viewers([address(web)], processes=1) as viewers:
        viewers.connect(WATCHING)
        took = 0.0

        def stop() -> None:
            nonlocal took
            time.sleep(1)
            took = terminate(web)

        outcome = measure(stage, [web], [updates(web, players, 2, connections=16)], during=stop)[0][0]
        closed = viewers.look().closed
    entries = stage.count(AWARDS) - before
    codes = ", ".join(f"{count} x {code}" for code, count in sorted(closed.items()))
    return Row(
        GROUP,
        "SIGTERM under load",
        note=f"gone after {took:.1f} s; {outcome.good} answered, {entries} entries, "
        f"{outcome.statuses[LOST]} without an answer; sockets closed {codes}",
        passed=took <= STOP_SECONDS
        and entries == outcome.good
        and set(outcome.statuses) <= {200, LOST}
        and set(closed) <= GOING_AWAY
        and closed.total() == WATCHING,
    )


def terminate(web: Server) -> float:
    """SIGTERM to the main process alone, as a supervisor sends it; seconds until all of it has ended."""
    began = time.monotonic()
    os.kill(web.process.pid, signal.SIGTERM)
    wait_until(lambda: not web.is_running, seconds=STOP_SECONDS + 5, what="The end after SIGTERM")
    return time.monotonic() - began


def _restart_in_turn(stage: Stage, sizes: Sizes, players: Sequence[Player]) -> Row:
    before = stage.count(AWARDS)
    live: list[float] = []
    with contextlib.ExitStack() as stack:
        webs = [stack.enter_context(stage.serve()) for _ in range(2)]
        proxy = stack.enter_context(Proxy([address(web) for web in webs]))
        viewers = stack.enter_context(Viewers([proxy.address]))
        viewers.connect(WATCHING)

        def restart() -> None:
            time.sleep(1)
            for web in webs:
                began = time.monotonic()
                terminate(web)
                live.append(_return(viewers, began))
                web.start()

        seconds = sizes.restart_seconds
        loads = [
            _through(proxy, players[1:], ACTION, 4, 60, seconds),
            _through(proxy, players[:1], MARKER, 1, 10, seconds),
        ]
        outcomes, _ = measure(stage, [], loads, during=restart)
        open_at_last = viewers.look().open
    total = merge(outcomes)
    entries = stage.count(AWARDS) - before
    return Row(
        GROUP,
        "rolling restart of two servers behind a proxy",
        note=f"{total.good} of {total.statuses.total()} requests answered 200, {entries} entries, "
        f"pages live again after {max(live):.1f} s at most",
        passed=set(total.statuses) == {200}
        and entries == total.good
        and max(live) <= LIVE_SECONDS
        and open_at_last == WATCHING,
    )


def _return(viewers: Viewers, began: float) -> float:
    """Open what was closed again, as pages do; seconds from the stop until everybody has seen a new score."""
    wait_until(lambda: _is_full(viewers), seconds=30, what="The return of the pages")
    viewers.reset()
    wait_until(lambda: _everybody_saw(viewers), seconds=30, what="A new score on every page")
    return time.monotonic() - began


def _is_full(viewers: Viewers) -> bool:
    missing = WATCHING - viewers.look().open
    # One that met a server about to end tries again.
    with contextlib.suppress(ServerError):
        viewers.connect(missing)
    return viewers.look().open == WATCHING


def _everybody_saw(viewers: Viewers) -> bool:
    seen = viewers.look()
    return any(seen.reached_all(after) == seen.reached_all(after) for _, after in seen.steps)


def _through(
    proxy: Proxy, players: Sequence[Player], action: str, connections: int, rate: float, seconds: float
) -> Load:
    heads, body = make_updates((player.token for player in players), action)
    return Load([proxy.address], heads, seconds, connections=connections, body=body, keyed=True, rate=rate)
