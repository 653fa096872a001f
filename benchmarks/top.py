"""Part 2: GET /api/score/top on two web processes, whole and unchanged (304), with few players and with millions."""

import contextlib
import http.client
from collections.abc import Iterator, Sequence

from benchmarks.load import Load, get_head, make_updates, split
from benchmarks.measuring import Sizes, check, measure, measure_row, merge
from benchmarks.population import PLAIN_PLAYERS, PLAYERS, grow
from benchmarks.servers import PlainSite
from benchmarks.stage import ACTION, Player, Stage, address
from benchmarks.table import Row, figure, percentile
from tests.support.processes import Server

PATH = "/api/score/top"
WORKERS = 2
PLAN = """
from scores.models import Standing
rows = Standing.objects.ranked().values_list("player", "player__name", "points", "reached_at")[:10]
print(rows.explain(analyze=True, buffers=True))
"""


def run(stage: Stage, sizes: Sizes) -> Iterator[Row]:
    players = stage.make_players(sizes.players)
    plain = PlainSite(stage)
    plain.make_players(sizes.players)
    for population in (sizes.populations[0], sizes.populations[-1]):
        group = f"Top 10, {WORKERS} web processes, {figure(population, 0)} players"
        grow(stage.postgresql.url, PLAYERS, population)
        grow(plain.url, PLAIN_PLAYERS, population)
        with contextlib.ExitStack() as stack:
            webs = [stack.enter_context(plain.serve()) for _ in range(WORKERS)]
            load = _load(webs, sizes)
            yield measure_row(stage, webs, load, sizes, group=group, name="plain way", is_reference=True)[0]
        with stage.serve(WORKERS) as web:
            yield from _measure_ours(stage, web, players, sizes, group)
        yield Row(group, "plan", note=_plan(stage))


def _measure_ours(stage: Stage, web: Server, players: Sequence[Player], sizes: Sizes, group: str) -> Iterator[Row]:
    heads, body = make_updates((player.token for player in players), ACTION)
    # One update first, so that the board is not empty.
    first = Load([address(web)], heads, 0.2, connections=1, body=body, keyed=True)
    check(merge(measure(stage, [web], [first])[0]), "the first updates")
    yield measure_row(stage, [web], _load([web], sizes), sizes, group=group, name="ours")[0]
    unchanged = _load([web], sizes, f"If-None-Match: {read_etag(web)}")
    row, _ = measure_row(stage, [web], unchanged, sizes, group=group, name="ours, If-None-Match")
    row.note = "304"
    yield row
    updates = Load([address(web)], heads, sizes.seconds, connections=2, body=body, keyed=True)
    reads = split(_load([web], sizes), sizes.processes)
    outcomes, spent = measure(stage, [web], [updates, *reads])
    update, read = outcomes[0], merge(outcomes[1:])
    check(update, "updates")
    check(read, "reads")
    yield Row(
        group,
        "ours, while updates run",
        rate=read.good / spent.seconds,
        p50=percentile(read.latencies, 0.5),
        p99=percentile(read.latencies, 0.99),
        note=f"beside {figure(update.good / spent.seconds, 0)} updates/s, both unpaced",
    )


def read_etag(web: Server) -> str:
    connection = http.client.HTTPConnection(*address(web), timeout=10)
    connection.request("GET", PATH)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.headers["ETag"]


def _load(webs: Sequence[Server], sizes: Sizes, *headers: str) -> Load:
    head = get_head(PATH, *headers)
    return Load([address(web) for web in webs], [head], sizes.seconds, connections=sizes.readers)


def _plan(stage: Stage) -> str:
    """How PostgreSQL finds the ten, in one line."""
    printed = stage.manage("shell", "--no-imports", "-c", PLAN)
    told = ("->", "Index Scan", "Buffers: shared", "Execution")
    parts = [line.strip().split("  (")[0] for line in printed.splitlines() if line.strip().startswith(told)]
    return "; ".join(dict.fromkeys(parts))
