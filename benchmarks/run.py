"""`./dev bench`: the benchmarks, one table. Parts and sizes can be chosen; see benchmarks/README.md."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from benchmarks import awards, boards, comparing, document, fanout, growth, stress, top, two_hosts, update
from benchmarks.measuring import FULL, QUICK, Sizes
from benchmarks.sending import context
from benchmarks.stage import Stage
from benchmarks.table import Row, as_text
from tests.support.processes import ServerError

PARTS: dict[str, Callable[[Stage, Sizes], Iterator[Row]]] = {
    "update": update.run,
    "top": top.run,
    "fanout": fanout.run,
    "growth": growth.run,
    "stress": stress.run,
    "hosts": two_hosts.run,
    "boards": boards.run,
    "awards": awards.run,
}


def main() -> None:
    options = read_options()
    # Every end from outside is orderly, as Ctrl-C is, also for a background job: every process that was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    measured: dict[str, list[Row]] = {}
    others: list[Row] = []
    # Loads and viewers are processes: what they import is imported once.
    context.set_forkserver_preload([part.__module__ for part in PARTS.values()])
    try:
        measure_parts(options, measured, others)
    except KeyboardInterrupt:
        sys.exit(130)
    except ServerError as error:
        sys.exit(f"bench: {error}")
    else:
        keep(options, measured)
    finally:
        rows = [row for part in measured.values() for row in part]
        if rows:
            print(comparing.as_text(rows, others) if options.against else as_text(rows))
    if any(row.passed is False for row in rows):
        sys.exit(1)


def measure_parts(options: argparse.Namespace, measured: dict[str, list[Row]], others: list[Row]) -> None:
    """Measure part by part, each of both commits where there are two."""
    with Stage() as stage, comparing.checked_out(options.against) if options.against else nullcontext() as other:
        for name in options.only:
            measure_part(stage, name, options.sizes, measured.setdefault(name, []))
            if other is None:
                continue
            print(f"measuring: {name}, of {options.against}", file=sys.stderr)
            try:
                others += comparing.measure_other(other, name, options.repeated)
            except ServerError as error:
                # An older one may lack what a part is about; the other parts still compare.
                print(f"bench: {error}", file=sys.stderr)


def keep(options: argparse.Namespace, measured: dict[str, list[Row]]) -> None:
    """Write down what came to its end: for readers, or for another process that compares."""
    if options.write:
        document.write(options.write, measured)
    if options.rows:
        comparing.write_rows(options.rows, [row for part in measured.values() for row in part])


def measure_part(stage: Stage, name: str, sizes: Sizes, rows: list[Row]) -> None:
    """Measure one part, and add each row as soon as it is there."""
    print(f"measuring: {name}", file=sys.stderr)
    for row in PARTS[name](stage, sizes):
        rows.append(row)
        print(f"  {row.group}: {row.name}", file=sys.stderr)
    # At once: what this part left to do would be charged to the next, or to the other commit.
    stage.clear()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything works")
    parser.add_argument("--only", help=f"some of the parts, comma-separated: {','.join(PARTS)}")
    parser.add_argument("--seconds", type=float, help="how long each measurement lasts")
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="put the tables and the plot into this document")
    parser.add_argument("--against", metavar="COMMIT", help="measure this commit too, part by part, and compare")
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(PARTS)
    if unknown := [name for name in options.only if name not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}")
    options.repeated = ["--quick"] * options.quick + [f"--seconds={options.seconds}"] * bool(options.seconds)
    sizes = QUICK if options.quick else FULL
    options.sizes = replace(sizes, seconds=options.seconds) if options.seconds else sizes
    return options


if __name__ == "__main__":
    main()
