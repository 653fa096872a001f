"""What an update writes to the write-ahead log where checkpoints come as they do on a site: `python -m benchmarks.wal`.

The first change of a page after a checkpoint writes all of it, and most pages that an update changes are found by something
random: at a calm pace those images are most of the log. Makes as many updates as come between two checkpoints at 10 a second,
only faster, on Debian's PostgreSQL, which compresses images as the one of Compose does.
"""

import argparse
from collections.abc import Sequence

from benchmarks.following import updates as make_load
from benchmarks.measuring import QUICK, WARM_UP, measure_row
from benchmarks.population import ENTRIES, PLAYERS, grow
from benchmarks.stage import Player, Stage
from tests.support.processes import Server
from tests.support.servers import PostgreSQL

#: Updates a second that the figures are for, and how many times faster they come here.
PACE, FASTER = 10, 25
#: Minutes between checkpoints, and how images of pages are compressed.
WAYS = ((5, "off"), (5, "lz4"), (5, "zstd"), (30, "off"), (30, "zstd"))
#: None comes by itself.
SETTINGS = {"checkpoint_timeout": "1d", "max_wal_size": "32GB", "autovacuum": "off"}
WRITTEN = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, wal_fpi FROM pg_stat_wal"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=200_000, help="who are there; 5000 more act")
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    with Stage(PostgreSQL(of_system=True, **SETTINGS)) as stage:
        grow(stage.postgresql.url, PLAYERS, options.players)
        grow(stage.postgresql.url, ENTRIES, options.entries)
        players = stage.make_players(5000)
        with stage.serve() as web:
            for minutes, compression in WAYS:
                size, images = measure(stage, web, players, minutes * 60 * PACE, compression)
                daily = size * PACE * 86_400 / 1e9
                print(
                    f"a checkpoint every {minutes} minutes, {compression}: {size:.0f} bytes an update, {images:.2f} images of pages, "
                    f"{daily:.1f} GB a day at {PACE} a second"
                )


def measure(
    stage: Stage, web: Server, players: Sequence[Player], updates: int, compression: str
) -> tuple[float, float]:
    """Bytes of the log and images of pages, for each of so many updates after a checkpoint."""
    # What comes before, to warm up, is after the checkpoint too.
    seconds = updates / (1 + WARM_UP) / (PACE * FASTER)
    load = make_load(web, players, seconds, connections=16, rate=PACE * FASTER)
    with stage.connect() as database:
        for statement in (
            f"ALTER SYSTEM SET wal_compression = '{compression}'",
            "SELECT pg_reload_conf()",
            "CHECKPOINT",
        ):
            database.execute(statement.encode())
        before = database.execute(WRITTEN).fetchone() or (0, 0)
        _, done = measure_row(stage, [web], load, QUICK, group="", name=compression)
        after = database.execute(WRITTEN).fetchone() or (0, 0)
    return float(after[0] - before[0]) / done, (after[1] - before[1]) / done


if __name__ == "__main__":
    main()
