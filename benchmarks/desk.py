"""How fast investigators find things in a long log: `python -m benchmarks.desk --entries 1000000 [--plans]`.

Fills a fresh PostgreSQL of its own by SQL, with entries over a hundred days that prove nothing, and asks a real server with its
limits of time for statements: pages by the question, and exports with the memory they take. `--plans` prints the plan of each.
"""

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psutil

from tests.support.plugin import Profile, make_environment
from tests.support.processes import ROOT
from tests.support.servers import PostgreSQL, ScoreboardServer

DAYS = 100
REPEATS = 5
LIST = "/admin/audit/auditentry/"
#: One entry in five has a receipt of one of seven issuers; one player in ten thousand and one action are rare, and so are voids.
FILL = """
    INSERT INTO audit_auditentry
        (player, seq, kid, kind, delta, balance, action, ref, actor, at_us, detail, prev, mac, context)
    SELECT md5((n %% 10000)::text)::uuid, 1 + n / 10000, 'ledger-1', CASE n %% 50000 WHEN 0 THEN 'void' ELSE 'award' END, 0, 0,
        CASE WHEN n %% 50000 = 1 THEN 'rare' ELSE 'action-' || n %% 12 END,
        CASE n %% 5 WHEN 0 THEN 'r:issuer-' || n %% 7 || ':' ELSE 'k:' || md5((n %% 10000)::text)::uuid || ':' END
            || md5(n::text) || md5(n::text),
        md5((n %% 10000)::text)::uuid::text, 1767225600000000 + (n * %(step)s::numeric)::bigint,
        sha256(n::text::bytea), sha256(n::text::bytea), sha256(n::text::bytea),
        jsonb_build_object(
            'address', '192.0.' || n %% 200 || '.' || n %% 37, 'agent', repeat('agent ', 15), 'request', md5(n::text),
            'token', md5(n::text), 'salt', md5(n::text)
        ) || CASE n %% 5 WHEN 0 THEN jsonb_build_object('receipt', repeat(md5(n::text), 16)) ELSE '{}' END
    FROM generate_series(1, %(entries)s) AS n
"""


def questions(entries: int) -> dict[str, dict[str, str]]:
    return {
        "newest entries": {},
        "the thousandth page": {"before": f"{1767225600000000 + DAYS * 86_400_000_000 * 9 // 10}.1"},
        "a day long ago": {"since": "2026-01-02", "until": "2026-01-02"},
        "an action": {"action": "action-3"},
        "a rare action": {"action": "rare"},
        "voids": {"kind__exact": "void"},
        "verified": {"verified": "yes"},
        "self-reported, a rare action": {"verified": "no", "action": "rare"},
        "an issuer": {"issuer": "issuer-5"},
        "an issuer, a day long ago": {"issuer": "issuer-5", "since": "2026-01-02", "until": "2026-01-02"},
        "an issuer that is none": {"issuer": "nobody"},
        "a player": {"player": "c4ca4238-a0b9-2382-0dcc-509a6f75849b"},
        "an address": {"address": "192.0.3.3"},
        "an address, an action": {"address": "192.0.3.3", "action": "rare"},
        "search: a request id": {"q": "c4ca4238a0b923820dcc509a6f75849b"},
        "search: a reference": {"q": "r:issuer-5:nothing"},
        "search: an address": {"q": "192.0.3.3"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "scoreboard_project.settings"
        cookie = prepare(options.entries)
        if options.plans:
            print_plans(options.entries)
        with ScoreboardServer(os.environ) as server:
            for name, asked in questions(options.entries).items():
                print(f"{name}: {measure_page(server, cookie, f'{LIST}?{urlencode(asked)}')}", flush=True)
            print(f"one entry: {measure_page(server, cookie, f'{LIST}{options.entries // 2}/change/')}", flush=True)
            for form in ("csv", "jsonl"):
                print(f"export as {form}: {measure_export(server, cookie, f'{LIST}export/{form}')}", flush=True)


def prepare(entries: int) -> str:
    """The database filled, and a superuser's session."""
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor, timed("filled"):
        cursor.execute(FILL, {"entries": entries, "step": DAYS * 86_400_000_000 / entries})
    with connection.cursor() as cursor, timed("vacuumed and analysed"):
        cursor.execute("VACUUM ANALYZE audit_auditentry")
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def print_plans(entries: int) -> None:
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = Client()
    client.force_login(User.objects.get())
    for name, asked in questions(entries).items():
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST, asked)
        page = next(
            query["sql"] for query in queries if query["sql"].startswith("SELECT") and "LIMIT 101" in query["sql"]
        )
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {page}")
            print(
                f"-- {name}, {len(queries)} queries", *(f"   {line[:150]}" for (line,) in cursor.fetchall()), sep="\n"
            )


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what} in {time.monotonic() - began:.1f} s", file=sys.stderr)


def ask(server: ScoreboardServer, cookie: str, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    assert response.status == http.client.OK, (path, response.status, response.headers.get("Location"))
    return response


def measure_page(server: ScoreboardServer, cookie: str, path: str) -> str:
    """The first time, when nothing is cached for it, and the median of the next."""
    times = []
    for _ in range(1 + REPEATS):
        began = time.monotonic()
        ask(server, cookie, path).read()
        times.append((time.monotonic() - began) * 1000)
    return f"{statistics.median(times[1:]):.0f} ms (first {times[0]:.0f} ms)"


def measure_export(server: ScoreboardServer, cookie: str, path: str) -> str:
    tree = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    before = most = sum(process.memory_info().rss for process in tree)
    began, size, tail = time.monotonic(), 0, b""
    response = ask(server, cookie, path)
    while piece := response.read(1 << 20):
        size, tail = size + len(piece), piece[-100:]
        most = max(most, sum(process.memory_info().rss for process in tree))
    seconds = time.monotonic() - began
    assert b"end of export" in tail
    return f"{size / 1e6:.0f} MB in {seconds:.0f} s, {(most - before) / 2**20:.0f} MiB more memory than before"


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
