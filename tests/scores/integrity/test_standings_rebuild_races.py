"""Standings are put right while everybody plays: nobody's act is lost, and in the end all stand where the log says."""

import random
from threading import Event

import pytest
from django.db import transaction
from django.db.models import F

from audit.models import AuditEntry
from scores.counting.definitions import make_board
from scores.integrity.standings_rebuild import rebuild_standings
from scores.integrity.verification import find_differences
from scores.models import Score, Standing
from tests.support.play import make_players_with_a_past, play_and_correct
from tests.support.processes import wait_until
from tests.support.tampering import run_verify
from tests.support.threads import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
WRITERS = 8


@pytest.fixture
def players(db: None) -> list[Score]:
    for number, (rule, span) in enumerate((("sum", "day"), ("best", "all"), ("latest", "week"), ("count", "all"))):
        make_board(slug=f"board-{number}", label="A board", counts="*", rule=rule, span=span, actor="system")
    return make_players_with_a_past(WRITERS * 2)


def test_eight_writers_go_on_while_standings_are_put_right(
    players: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scores.integrity.standings_rebuild.CHUNK_PLAYERS", 3)
    stop = Event()

    def act(number: int) -> int:
        if number < WRITERS:
            return play_and_correct(players, random.Random(number), stop)
        try:
            for _ in range(3):
                wait_for_play(AuditEntry.objects.count() + 100)
                spoil()
                different = [difference.player for difference in find_differences() if difference.standings]
                assert set(different) == {player.pk for player in players}
                assert rebuild_standings(different, reason="a bad day", actor="system") == len(players)
        finally:
            stop.set()
        return 0

    acts = in_threads(WRITERS + 1, act)
    assert min(acts[:WRITERS]) > 0
    assert run_verify() == []


def wait_for_play(entries: int) -> None:
    wait_until(lambda: AuditEntry.objects.count() > entries, seconds=60, what="Play")


@transaction.atomic
def spoil() -> None:
    """Between the acts of each player: who moves a standing writes the whole of what was read."""
    assert len(Score.objects.select_for_update().order_by("pk")) == WRITERS * 2
    Standing.objects.filter(period__board__slug__in=["board-0", "board-3"]).delete()
    Standing.objects.filter(period__board__slug="main").update(points=F("points") + 1)
