"""What a rank and its neighbours cost the database, who has a rank, and what keeping ranks costs: `python -m benchmarks.ranks`.

Fills a fresh PostgreSQL of its own; `--players 10000000` takes some 10 GB and half an hour. Times are the database's own
(EXPLAIN ANALYZE, planning and execution), of the one statement that `GET /api/score/me` reads a place with.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import psycopg

from benchmarks.population import PLAYERS, grow
from tests.support.plugin import Profile, make_environment
from tests.support.servers import PostgreSQL

#: Points and seconds before now, as SQL over the player's number n.
SPREADS = {
    "log-normal, ties of 10": "10 * ceil(exp(5 + 1.5 * sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random())))",
    "uniform up to 100,000": "1 + floor(random() * 100000)",
    "a third at 10 points": "CASE WHEN random() < 0.33 THEN 10 ELSE 10 * ceil(random() * 5000) END",
    "everyone at 10 points": "10",
}
COUNTING = """
SELECT count(*) + 1 FROM scores_standing AS other,
    (SELECT points, reached_at, player_id FROM scores_standing WHERE player_id = %s AND period_id = 0) AS me
WHERE NOT other.hidden AND other.period_id = 0 AND (other.points > me.points
    OR other.points = me.points AND (other.reached_at, other.player_id) < (me.reached_at, me.player_id))
"""
PLACE = "SELECT * FROM scores_rank_place(0, %s)"
MOVE = "UPDATE scores_standing SET points = points + 10, reached_at = clock_timestamp() WHERE player_id = %s AND period_id = 0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--updates", type=int, default=4000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoreboard-bench-") as folder, PostgreSQL() as postgresql:
        os.environ.update(make_environment(Profile("postgresql", Path(folder), postgresql, None)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "scoreboard_project.settings"
        django.setup()
        django.core.management.call_command("migrate", verbosity=0)
        began = time.monotonic()
        grow(postgresql.url, PLAYERS, options.players)
        print(
            f"{options.players} players inserted, their places counted by the triggers: {time.monotonic() - began:.0f} s"
        )
        with psycopg.connect(postgresql.url, autocommit=True) as database:
            for name, points in SPREADS.items():
                spread(database, points)
                measure_reads(database, name, options.samples)
            measure_updates(database, options.updates)


def spread(database: psycopg.Connection[Any], points: str) -> None:
    """New points for everyone, behind the triggers' back and counted anew: the other way takes long, and is measured below."""
    database.execute("SET session_replication_role = replica")
    database.execute(
        f"UPDATE scores_standing SET points = {points}, reached_at = now() - random() * interval '30 days'".encode()  # noqa: S608
    )
    database.execute("SET session_replication_role = origin")
    began = time.monotonic()
    database.execute("SELECT scores_rank_recount(NULL)")
    print(f"counted anew in {time.monotonic() - began:.1f} s")
    database.execute("VACUUM (FULL, ANALYZE) scores_standing")
    database.execute("VACUUM (ANALYZE)")


def measure_reads(database: psycopg.Connection[Any], name: str, samples: int) -> None:
    statement, parameter = place_statement()
    ids = [
        row[0]
        for row in database.execute("SELECT player_id FROM scores_standing ORDER BY points DESC, reached_at, player_id")
    ]
    counting = explained(database, COUNTING, [ids[-1]])
    wanted = {"first": ids[0], "middle": ids[len(ids) // 2], "last": ids[-1]}
    singles = {
        word: sorted(explained(database, statement, parameter(player)) for _ in range(15))[7]
        for word, player in wanted.items()
    }
    times = sorted(explained(database, statement, parameter(player)) for player in random.sample(ids, samples))
    places = {
        word: sorted(explained(database, PLACE, [rank]) for _ in range(15))[7]
        for word, rank in {"first": 1, "middle": len(ids) // 2, "last": len(ids)}.items()
    }
    row = database.execute("SELECT count(*), max(players) FROM scores_rankrange").fetchone()
    print(
        f"{name}: " + ", ".join(f"{word} {milliseconds:.2f}" for word, milliseconds in singles.items()) + " ms;"
        f" random p50 {times[samples // 2]:.2f}, p99 {times[samples * 99 // 100]:.2f}, worst {times[-1]:.2f} ms;"
        " who has a rank: " + ", ".join(f"{word} {milliseconds:.2f}" for word, milliseconds in places.items()) + " ms;"
        f" counting the last: {counting:.0f} ms; ranges and the widest: {row}"
    )


def place_statement() -> tuple[str, Any]:
    """The statement itself, caught on its way to the database, and how its parameters are made for a player."""
    from django.db import connection  # noqa: PLC0415 - needs the settings

    from scores.board.ranks import read_neighbourhood  # noqa: PLC0415

    caught: list[Any] = []

    def catch(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        caught[:] = [sql, parameters]
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(catch):
        read_neighbourhood(UUID(int=0))
    sql, parameters = caught
    return sql, lambda player: [player if isinstance(value, UUID) else value for value in parameters]


def explained(database: psycopg.Connection[Any], statement: str, parameters: list[Any]) -> float:
    """Milliseconds of planning and execution."""
    row = database.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}".encode(), parameters).fetchone()
    assert row is not None
    return float(row[0][0]["Planning Time"] + row[0][0]["Execution Time"])


def measure_updates(database: psycopg.Connection[Any], updates: int) -> None:
    """Alternating, because whatever else the machine does then meets both alike."""
    ids = [row[0] for row in database.execute("SELECT player_id FROM scores_standing LIMIT 100000")]
    seconds = {"ENABLE": 0.0, "DISABLE": 0.0}
    for _ in range(10):
        for switch in seconds:
            database.execute(f"ALTER TABLE scores_standing {switch} TRIGGER USER".encode())
            began = time.monotonic()
            for player in random.choices(ids, k=updates // 10):
                database.execute(MOVE, [player])
            seconds[switch] += time.monotonic() - began
    kept, bare = (1000 * seconds[switch] / updates for switch in ("ENABLE", "DISABLE"))
    print(f"one update of a standing, committed: {kept:.3f} ms with places counted, {bare:.3f} ms without")


if __name__ == "__main__":
    main()
