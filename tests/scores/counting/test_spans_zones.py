"""The zones that periods are cut by: those of the pinned package, by their exact names, and never the system's."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from scores.counting.spans import is_zone, tzdata_version
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

ZONES = (files("tzdata") / "zones").read_text().split()
#: 2024-11-26 23:00 UTC, when the 27th began in Berlin.
BERLIN_DAY_US = 1_732_662_000_000_000


def test_the_pinned_package_tells_which_zones_there_are() -> None:
    assert len(ZONES) > 590
    assert [zone for zone in ZONES if not is_zone(zone)] == []
    assert [
        each for each in ("UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+12") if not is_zone(each)
    ] == []


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x", "../zones", "/etc/localtime", "Europe", "Europe/", "/Europe/Berlin", "Europe//Berlin", "Europe/../UTC",
        "posixrules", "localtime", "posix/UTC", "right/UTC", "zone.tab", "tzdata.zi", "leapseconds", "__init__.py", "Europe/__init__.py",
        "europe/berlin", "utc", "CET-1CEST", "UTC+1", " UTC", "UTC\n", "UTC\0", "\0", "\ud800", "Europe/Berlin\nUTC", "Europe\\Berlin",
        "Z" * 1_000_000,
    ],
    ids=lambda name: ascii(name)[:30],
)  # fmt: skip
def test_what_is_not_exactly_a_zone_is_none(name: str) -> None:
    assert not is_zone(name)


def test_the_systems_zones_are_never_looked_at(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    for name in ("Europe/Berlin", "Europe/Atlantis"):
        (tmp_path / name).write_bytes((files("tzdata") / "zoneinfo" / "Asia" / "Kolkata").read_bytes())
    code = (
        "from zoneinfo import ZoneInfo; from datetime import datetime\n"
        "from scores.counting.spans import is_zone, period_named\n"
        "print(ZoneInfo('Europe/Berlin').utcoffset(datetime(2024, 11, 27)), is_zone('Europe/Atlantis'),\n"
        "      period_named('day', 'Europe/Berlin', '2024-11-27').starts_us)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"5:30:00 False {BERLIN_DAY_US}\n"


def test_the_version_is_the_one_that_is_pinned() -> None:
    [pinned] = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("tzdata==")]
    year, number = pinned.removeprefix("tzdata==").removesuffix(" \\").split(".")  # and it is there on every system
    assert tzdata_version() == f"{year}{chr(ord('a') + int(number) - 1)}"
