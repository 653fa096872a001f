"""A board that is filled while everybody plays is what it would be had it always been there; so is one whose filling was killed."""

import os
import random
import signal
import subprocess
import sys
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from audit.models import AuditEntry
from scores.counting import filling
from scores.counting.definitions import change_board, make_board
from scores.models import Board, Score, Standing
from tests.support.database import database_url
from tests.support.play import make_players_with_a_past, play_and_correct, report
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until
from tests.support.tampering import run_verify
from tests.support.threads import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
WRITERS = 8
#: Both kinds of actions count on as many boards as one action may, in pairs of before and beside, with the main one.
RULES: list[dict[str, Any]] = [
    {"counts": "quiz", "rule": "sum", "span": "day"},
    {"counts": "quiz", "rule": "best", "span": "all"},
    {"counts": "quiz", "rule": "latest", "span": "week", "zone": "Asia/Tokyo"},
    {"counts": "lap", "rule": "count", "span": "month"},
    {"counts": "lap", "rule": "best", "ascending": True, "span": "year"},
]


@pytest.fixture
def players(db: None) -> list[Score]:
    return make_players_with_a_past(WRITERS * 2)


def make(name: str, number: int, **terms: Any) -> str:
    slug = f"{name}-{number}"
    make_board(slug=slug, label=name, actor="system", **RULES[number], **terms)
    return slug


def read(name: str) -> list[tuple[object, ...]]:
    """Who stands where on boards of this name, by the boards' numbers."""
    columns = ("period__name", "player", "points", "reached_at", "seq", "hidden")
    rows = Standing.objects.filter(period__board__slug__startswith=f"{name}-")
    return sorted((slug[-1], *row) for slug, *row in rows.values_list("period__board__slug", *columns))


def test_a_board_made_beside_eight_writers_equals_one_made_before_them(players: list[Score]) -> None:
    for number in range(len(RULES)):
        filling.fill(make("before", number, from_log=True))
    stop = Event()

    def act(number: int) -> int:
        if number < WRITERS:
            return play_and_correct(players, random.Random(number), stop)
        try:
            entries = AuditEntry.objects.count()
            for board in range(len(RULES)):
                filling.fill(make("beside", board, from_log=True))
            # One that is switched off and on again meanwhile misses nothing either.
            change_board(slug="beside-0", enabled=False, actor="system")
            wait_until(lambda: AuditEntry.objects.count() > entries + 300, seconds=60, what="Play")
            change_board(slug="beside-0", enabled=True, actor="system")
            filling.fill("beside-0")
        finally:
            stop.set()
        return 0

    acts = in_threads(WRITERS + 1, act)
    assert min(acts[:WRITERS]) > 0
    assert not Board.objects.filter(filling=True).exists()
    assert read("beside") == read("before")
    assert len(read("beside")) > len(players)
    assert run_verify() == []


def test_a_filling_that_was_killed_goes_on(players: list[Score], profile: Profile) -> None:
    first, second, *_, last = sorted(players, key=lambda player: player.pk)
    for player in (first, second):
        lengthen(player, filling.CHUNK_ENTRIES // 2 + 1)
    for number in range(len(RULES)):
        filling.fill(make("before", number, from_log=True))
    slug = make("beside", 0, from_log=True)
    command = [sys.executable, "manage.py", "make_board", slug, "--label", "beside", "--from-log"]
    command += [word for name in ("counts", "rule", "span") for word in (f"--{name}", RULES[0][name])]
    environment = {**os.environ, "DATABASE_URL": database_url(profile)}
    standings = Standing.objects.filter(period__board__slug=slug)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as maker:
        try:
            # The last player is held, so that it cannot come to an end.
            with transaction.atomic():
                Score.objects.select_for_update().get(pk=last.pk)
                wait_until(standings.exists, seconds=30, what="The first player")
                maker.kill()
        finally:
            maker.kill()
    assert maker.returncode == -signal.SIGKILL
    assert set(standings.values_list("player", flat=True)) == {first.pk}
    assert Board.objects.get(slug=slug).filling
    report(last, "quiz")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1].startswith(f"{slug} is full: ")
    assert not Board.objects.get(slug=slug).filling
    assert read("beside") == [row for row in read("before") if row[0] == "0"]
    assert len(read("beside")) == len(players)


def lengthen(player: Score, entries: int) -> None:
    """So many more entries, which nobody sealed."""
    newest = AuditEntry.objects.filter(player=player.pk).latest("seq")
    common = {
        "player": player.pk,
        "kid": "test",
        "kind": "award",
        "delta": 1,
        "action": "quiz",
        "actor": "test",
        "context": {},
    }
    AuditEntry.objects.bulk_create(
        AuditEntry(seq=newest.seq + n, balance=newest.balance + n, at_us=newest.at_us + n, detail="", mac="", **common)
        for n in range(1, entries + 1)
    )
    Score.objects.filter(pk=player.pk).update(seq=newest.seq + entries)
