"""The demo's past is made once, by the rules as of then, and holds before every check."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from audit.times import DAY_US, to_us
from scores.demo.history import DAYS, make_history
from scores.demo.seed import CATALOGUE, PLAYERS, Demo, is_awake
from scores.models import Action, Flag, Score
from tests.support.acting import make_player, read_state
from tests.support.commands import call
from tests.support.tampering import run_verify


@pytest.fixture
def demo(db: None, settings: Settings, tmp_path: Path) -> Demo:
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    demo = Demo(tmp_path / "demo")
    demo.seed()
    return demo


def test_the_days_before_now_are_full_of_acts_that_hold(demo: Demo, exported: Path) -> None:
    now_us = to_us(datetime.now(UTC))
    written = make_history(demo)
    awards = list(AuditEntry.objects.exclude(player=SYSTEM_CHAIN).order_by("pk"))
    assert len(awards) == written > 200
    assert {entry.kind for entry in awards} == {"award"}
    assert [entry.at_us for entry in awards] == sorted(entry.at_us for entry in awards)
    assert now_us - DAYS * DAY_US < awards[0].at_us < awards[-1].at_us < now_us + 60_000_000
    assert {entry.action for entry in awards} == {action.slug for action in CATALOGUE}
    assert {bool(entry.verified) for entry in awards} == {True, False}
    assert all((entry.value is not None) == (entry.action == "lap") for entry in awards)
    call("seal_ledger")
    assert run_verify() == []
    call_command("detect")
    assert not Flag.objects.exists()


def test_everybody_slept_and_kept_to_pace_and_cap(demo: Demo) -> None:
    make_history(demo)
    numbers = {Score.objects.get(user__username=name).pk: number for number, name in enumerate(PLAYERS, start=1)}
    terms = Action.objects.in_bulk()
    done: dict[tuple[object, str], list[datetime]] = defaultdict(list)
    for entry in AuditEntry.objects.exclude(player=SYSTEM_CHAIN).order_by("at_us"):
        assert is_awake(numbers[entry.player], entry.at)
        done[entry.player, entry.action].append(entry.at)
    for (_, slug), times in done.items():
        pause = timedelta(seconds=terms[slug].cooldown_seconds)
        assert all(later - earlier >= pause for earlier, later in pairwise(times))
        days = [moment.date() for moment in times]
        cap = terms[slug].daily_cap or len(days)
        assert all(days.count(day) <= cap for day in days)


def test_a_log_in_which_somebody_has_an_entry_gets_no_past(demo: Demo) -> None:
    make_history(demo)
    before = read_state()
    assert make_history(demo) == 0
    assert read_state() == before


def test_what_was_there_before_the_demo_stays_alone(demo: Demo) -> None:
    stranger = make_player("Somebody")
    call("adjust", stranger.pk, 5, "--reason", "was here before")
    before = read_state()
    assert make_history(demo) == 0
    assert read_state() == before
