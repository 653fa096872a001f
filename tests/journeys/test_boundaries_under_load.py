"""Boundaries that are crossed while real servers take updates: what was acknowledged counts once, and where its time says."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import connection

from audit import clock
from audit.models import AuditEntry
from audit.times import SECOND_US, to_us
from scores.catalogue import set_action
from scores.counting.definitions import make_board, make_season
from scores.counting.plans import BOARDS_LOCK
from scores.models import Board, Period, Score, Standing
from tests.support.acting import make_player
from tests.support.awards import report
from tests.support.clock import shiftable_clock, turn_clock, turn_clock_back
from tests.support.commands import run
from tests.support.database import database_url
from tests.support.naive_boards import Season
from tests.support.played_histories import count_by_hand, read_standings
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until
from tests.support.servers import ScoreboardServer
from tests.support.tampering import run_verify
from tests.support.threads import wait_until_blocked
from tests.support.writers import Writer, check_written_once, writing

pytestmark = pytest.mark.django_db(transaction=True)
Servers = Callable[..., ScoreboardServer]
Shift = Callable[[datetime], None]
MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
WAITS_FOR_BOARDS = "SELECT pg_advisory_xact_lock("
#: Found by every Python before its own: the clock of the host it runs on, as far as Python asks for it by `time`.
HOST_CLOCK = """
import os, time
ahead = int(os.environ["HOST_CLOCK_AHEAD"])
seconds, nanoseconds = time.time, time.time_ns
time.time = lambda: seconds() + ahead
time.time_ns = lambda: nanoseconds() + ahead * 10**9
"""


@pytest.fixture(autouse=True)
def _exported(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where servers and commands export to as well."""
    monkeypatch.setenv("CHECKPOINT_EXPORT", str(exported))


@pytest.fixture
def players(transactional_db: None) -> list[Score]:
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    return [make_player(f"Player {number}") for number in range(4)]


@pytest.fixture
def shift(transactional_db: None) -> Iterator[Shift]:
    """Sets the clock of the database, by which servers go that started since."""
    with shiftable_clock() as shift:
        yield shift


def make(slug: str, rule: str, span: str) -> Board:
    return make_board(slug=slug, label=slug, counts="*", rule=rule, span=span, actor="system")


def make_seasons() -> list[Season]:
    """Four seconds from now the first begins, two seconds later the second, on each board that has any."""
    for rule in ("sum", "best", "count"):
        make(rule, rule, "season")
    now_us = clock.read_us()
    starts_us, ends_us = now_us + 4 * SECOND_US, now_us + 6 * SECOND_US
    seasons = [Season("one", starts_us, ends_us), Season("two", ends_us, None)]
    for board in ("sum", "best", "count"):
        for name, starts, ends in seasons:
            make_season(board=board, name=name, starts_us=starts, ends_us=ends, actor="system")
    return seasons


def wait_for(at_us: int, seconds: float = 15) -> None:
    """Until the log's clock has come there."""
    wait_until(lambda: clock.read_us() >= at_us, seconds=seconds, what="That time")


def check_counted_once(writers: Sequence[Writer], players: Sequence[Score], seasons: Sequence[Season] = ()) -> None:
    """Each act that was acknowledged is one entry, standings are what a count by hand says, and nothing is found."""
    check_written_once(writers)
    for player in players:
        assert read_standings(player) == count_by_hand(player, seasons)
    assert run_verify() == []


def count_acts(board: str) -> dict[str, int]:
    """Of a board that counts acts: how many in each period."""
    counted: dict[str, int] = {}
    rows = Standing.objects.filter(period__board__slug=board).values_list("period__name", "points")
    for name, points in rows:
        counted[name] = counted.get(name, 0) + points
    return counted


def names_made(board: str) -> list[str]:
    """Of the periods, as often as an entry of the system chain says that one was made."""
    made = AuditEntry.objects.filter(action=f"period:{board}").order_by("seq")
    return [text.split()[0].removeprefix("name=") for text in made.values_list("context__after", flat=True)]


def test_each_update_counts_once_in_the_season_of_its_time(players: list[Score], scoreboard_server: Servers) -> None:
    """Eight at once, two for each player."""
    server = scoreboard_server(workers=2 if os.environ["REDIS_URL"] else 1, SCORE_UPDATE_RATE="0")
    with writing([server.port], players, 8) as writers:
        seasons = make_seasons()
        wait_for(seasons[1].starts_us + 2 * SECOND_US)
    check_counted_once(writers, players, seasons)
    first, boundary = (season.starts_us for season in seasons)
    times = AuditEntry.objects.filter(kind="award").values_list("at_us", flat=True)
    assert count_acts("count") == {
        "one": sum(first <= at_us < boundary for at_us in times),
        "two": sum(at_us >= boundary for at_us in times),
    }
    assert all(counted > 0 for counted in count_acts("count").values())
    assert any(at_us < first for at_us in times)


@pytest.mark.postgresql
def test_hosts_that_are_eight_seconds_apart_agree_on_the_season(
    players: list[Score], scoreboard_server: Servers, tmp_path: Path
) -> None:
    """One is four seconds ahead, one as much behind. Each entry is of a time between request and answer."""
    (tmp_path / "sitecustomize.py").write_text(HOST_CLOCK)
    servers = {
        ahead: scoreboard_server(SCORE_UPDATE_RATE="0", PYTHONPATH=str(tmp_path), HOST_CLOCK_AHEAD=str(ahead))
        for ahead in (4, -4)
    }
    for ahead, server in servers.items():
        wait_until_ahead(server, ahead)
    with writing([server.port for server in servers.values()], players, 8) as writers:
        seasons = make_seasons()
        wait_for(seasons[1].starts_us + 2 * SECOND_US)
    check_counted_once(writers, players, seasons)
    times = dict(AuditEntry.objects.filter(kind="award").values_list("ref", "at_us"))
    strange = [
        act
        for writer in writers
        for act in writer.acknowledged
        if not act.sent_us <= times[writer.make_ref(act.key) or ""] <= act.answered_us
    ]
    assert strange == []
    assert all(count_acts("count")[season.name] > 0 for season in seasons)


def wait_until_ahead(server: ScoreboardServer, seconds: float) -> None:
    """Asked more than once: the header counts whole seconds, and a machine that stood still for a moment makes it older."""
    wait_until(lambda: abs(read_drift(server) - seconds) <= 1.5, seconds=10, what="The clock of its host")


def read_drift(server: ScoreboardServer) -> float:
    """By how many seconds the server says it is later than it is."""
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as response:
        return (parsedate_to_datetime(response.headers["Date"]) - datetime.now(UTC)).total_seconds()


@pytest.mark.postgresql
def test_killed_workers_and_sealers_leave_the_boundary_to_who_writes(
    players: list[Score], scoreboard_server: Servers, profile: Profile, shift: Shift
) -> None:
    """The sealer is killed as it is about to make the next day, a worker with it; nobody else has made the day by midnight."""
    server = scoreboard_server(workers=2, SCORE_UPDATE_RATE="0")
    shift(MIDNIGHT - 14 * SECOND)
    make("days", "count", "day")
    with writing([server.port], players, 8) as writers:
        with (
            holding_boards("pg_advisory_lock_shared"),
            running("seal_ledger", "--every", "1", profile=profile) as sealer,
        ):
            wait_until_blocked(WAITS_FOR_BOARDS)
            sealer.kill()
            kill_worker(server)
            assert sealer.wait(10) == -signal.SIGKILL
        assert clock.read_us() < to_us(MIDNIGHT - SECOND), "the machine is too slow for this test"
        assert names_made("days") == ["2026-12-31"]
        wait_for(to_us(MIDNIGHT + 0.5 * SECOND))
        kill_worker(server)
        wait_for(to_us(MIDNIGHT + 3 * SECOND))
    check_counted_once(writers, players)
    assert names_made("days") == ["2026-12-31", "2027-01-01"]
    assert list(Period.objects.filter(board__slug="days").values_list("name", flat=True)) == names_made("days")
    assert all(counted > 0 for counted in count_acts("days").values())
    assert run("seal_ledger", DATABASE_URL=database_url(profile)).returncode == 0
    assert names_made("days") == ["2026-12-31", "2027-01-01", "2027-01-02"]
    assert run_verify(pinned=Path(os.environ["CHECKPOINT_EXPORT"])) == []


@contextmanager
def holding_boards(lock: str) -> Iterator[Callable[[], None]]:
    """Within, until it is released, the lock of boards and periods is held by somebody else, as this function of PostgreSQL does."""
    dsn, password = connection.connection.info.dsn, connection.settings_dict["PASSWORD"]
    with psycopg.connect(dsn, password=password, autocommit=True) as other:
        other.execute(f"SELECT {lock}({BOARDS_LOCK})")

        def release() -> None:
            other.execute("SELECT pg_advisory_unlock_all()")

        yield release


def kill_worker(server: ScoreboardServer) -> None:
    """One of them, as a crash would."""
    workers = [
        child for child in psutil.Process(server.process.pid).children() if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[0].kill()


@pytest.mark.postgresql
def test_processes_that_need_a_period_at_the_same_instant_make_one(
    players: list[Score], scoreboard_server: Servers, profile: Profile, shift: Shift
) -> None:
    """Two sealers and a server, all of which have seen that it is missing before any could make it."""
    server = scoreboard_server(SCORE_UPDATE_RATE="0")
    shift(MIDNIGHT - DAY)
    for span in ("day", "month"):
        make(span, "count", span)
    with ExitStack() as stack:
        release = stack.enter_context(holding_boards("pg_advisory_lock"))
        shift(MIDNIGHT + 12 * HOUR)
        sealers = [stack.enter_context(running("seal_ledger", profile=profile)) for _ in range(2)]
        writers = stack.enter_context(writing([server.port], players, 1))
        wait_until_blocked(WAITS_FOR_BOARDS, count=3)
        release()
        assert [sealer.wait(30) for sealer in sealers] == [0, 0]
    check_counted_once(writers, players)
    assert names_made("day") == ["2026-12-31", "2027-01-01", "2027-01-02"]
    assert names_made("month") == ["2026-12", "2027-01"]
    assert set(count_acts("day")) == {"2027-01-01"}


def test_a_board_made_from_the_log_beside_a_server_counts_every_update(
    players: list[Score], scoreboard_server: Servers, profile: Profile
) -> None:
    """Made by the command in a process of its own, after some days of play and amid more of it."""
    now = datetime.now(UTC)
    for days in range(9, 0, -1):
        turn_clock(now - days * DAY)
        for player in players:
            report(player, f"{days} days ago")
    turn_clock_back()
    past = list(AuditEntry.objects.filter(kind="award").values_list("pk", flat=True))
    server = scoreboard_server(workers=2 if os.environ["REDIS_URL"] else 1, SCORE_UPDATE_RATE="0")
    with writing([server.port], players, 4) as writers:
        for rule, span in (("count", "day"), ("latest", "month")):
            words = ("make_board", rule, "--rule", rule, "--span", span, "--from-log")
            done = run(*words, DATABASE_URL=database_url(profile))
            assert done.returncode == 0, done.stderr
        wait_for(clock.read_us() + SECOND_US)
    for player in players:
        assert read_standings(player) == count_by_hand(player)
    written = AuditEntry.objects.filter(kind="award").exclude(pk__in=past)
    assert sorted(map(str, written.values_list("ref", flat=True))) == sorted(
        ref or "" for writer in writers for ref in writer.refs
    )
    assert sum(count_acts("count").values()) == len(past) + written.count()
    assert not Board.objects.filter(filling=True).exists()
    assert run_verify() == []


@contextmanager
def running(*words: str, profile: Profile) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, which does not outlive the block."""
    environment = {**os.environ, "DATABASE_URL": database_url(profile)}
    with subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()
