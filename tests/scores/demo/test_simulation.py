"""The demo's simulated players, before a real server: what they do when their tokens or the rules say no."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import Settings

from audit.models import AuditEntry, Refusal
from audit.times import SECOND_US
from scores.api.authentication import RefreshTokens
from scores.demo.cheats import Move
from scores.demo.seed import PLAYERS, Demo
from scores.demo.simulation import Api, SimulatedPlayer, Simulation
from scores.models import Action, Flag, Score
from tests.support.processes import wait_until
from tests.support.servers import ScoreboardServer

PASSWORD = "correct horse battery"


@pytest.fixture
def simulation(scoreboard_server: Callable[..., ScoreboardServer], settings: Settings, tmp_path: Path) -> Simulation:
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    demo = Demo(tmp_path)
    demo.seed()
    # The one who plays here can sign in to the real server, which takes no quick hashes.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.filter(username="amina").update(password=make_password(PASSWORD))
    return Simulation(Api(scoreboard_server(RECEIPT_ISSUERS_FILE=settings.RECEIPT_ISSUERS_FILE).url), demo)


@pytest.fixture
def amina() -> SimulatedPlayer:
    return SimulatedPlayer("amina", PASSWORD)


def count_awards() -> int:
    return AuditEntry.objects.filter(kind=AuditEntry.Kind.AWARD).count()


def test_a_player_signs_in_and_knows_the_score_it_has(simulation: Simulation, amina: SimulatedPlayer) -> None:
    simulation.act(amina)
    score = Score.objects.get(name="Amina Okafor")
    assert (amina.id, amina.score) == (str(score.pk), score.points)
    assert (count_awards(), score.seq) == (1, 1)


def test_a_lap_says_how_long_it_took(simulation: Simulation, amina: SimulatedPlayer) -> None:
    for action in Action.objects.exclude(slug="lap"):
        amina.action_free_at[action.slug] = time.monotonic() + 500
    deadline = time.monotonic() + 20
    while not count_awards() and time.monotonic() < deadline:
        simulation.act(amina)
    entry = AuditEntry.objects.get(kind=AuditEntry.Kind.AWARD)
    assert (entry.action, entry.delta, entry.verified) == ("lap", 10, True)
    assert entry.value is not None
    assert 61_000 <= entry.value < 200_000


def test_a_player_whose_access_token_ran_out_acts_all_the_same(simulation: Simulation, amina: SimulatedPlayer) -> None:
    simulation.act(amina)
    amina.access, spent = "out.of.date", amina.refresh
    simulation.act(amina)
    assert amina.refresh not in {"", spent}
    assert count_awards() == 2


def test_a_player_whose_session_was_ended_signs_in_again(simulation: Simulation, amina: SimulatedPlayer) -> None:
    simulation.act(amina)
    RefreshTokens.revoke(amina.refresh)
    amina.access = "out.of.date"
    simulation.act(amina)
    assert (amina.access, amina.refresh, count_awards()) == ("", "", 1)
    simulation.act(amina)
    assert (amina.score > 0, count_awards()) == (True, 2)


def test_a_player_with_a_wrong_password_waits(simulation: Simulation) -> None:
    stranger = SimulatedPlayer("amina", "not the password")
    before = time.monotonic()
    simulation.act(stranger)
    assert stranger.free_at > before
    assert count_awards() == 0


def test_an_action_in_its_cooldown_is_left_alone(simulation: Simulation, amina: SimulatedPlayer) -> None:
    for action in Action.objects.all():
        action.cooldown_seconds = 500
        action.save()
    simulation.act(amina)
    amina.action_free_at.clear()
    deadline = time.monotonic() + 20
    while not amina.action_free_at:
        simulation.act(amina)
        assert time.monotonic() < deadline
        amina.action_free_at = {slug: at for slug, at in amina.action_free_at.items() if at > time.monotonic() + 400}
    assert amina.free_at < time.monotonic()


def test_a_cheat_plays_its_plan_through_the_api_and_is_flagged(simulation: Simulation, amina: SimulatedPlayer) -> None:
    forged = [Move(0.0, "bug-report", 200, is_forged=True)] * 20
    simulation.cheat(amina, iter([Move(0.0, "forum-post"), *forged, Move(0.0, "bug-report", 150)]))
    score = Score.objects.get(name="Amina Okafor")
    assert list(AuditEntry.objects.filter(player=score.pk).order_by("seq").values_list("action", "delta")) == [
        ("forum-post", 5),
        ("bug-report", 150),
    ]
    refused = Refusal.objects.filter(subject=str(score.pk), reason="receipt_invalid:signature")
    wait_until(
        lambda: sum(refused.values_list("count", flat=True)) == len(forged), seconds=10, what="Writing the refusals"
    )
    assert Refusal.objects.filter(subject=str(score.pk)).exclude(reason="receipt_invalid:signature").count() == 0
    call_command("detect")
    flag = Flag.objects.get()
    assert (flag.rule, flag.player) == (Flag.Rule.REFUSALS, score.pk)


def test_a_plan_keeps_its_pace_however_long_answers_take(simulation: Simulation, amina: SimulatedPlayer) -> None:
    simulation.act(amina)
    simulation.cheat(amina, iter([Move(0.4, "daily-quiz", 50)] * 6))
    times = list(
        AuditEntry.objects.filter(delta=50, action="daily-quiz").order_by("seq").values_list("at_us", flat=True)
    )
    assert len(times) >= 6
    assert 1.9 * SECOND_US < times[-1] - times[-6] < 2.6 * SECOND_US


def test_the_honest_sleep_for_eight_hours_and_never_all_at_once() -> None:
    players = [SimulatedPlayer("", "", number) for number in range(1, len(PLAYERS) + 1)]
    day = [datetime(2026, 11, 16, hour, tzinfo=UTC) for hour in range(24)]
    assert {sum(player.is_awake(hour) for hour in day) for player in players} == {16}
    assert min(sum(player.is_awake(hour) for player in players) for hour in day) >= 20
