"""Standings are put right from the log where the log proves them, and only there; writers go on meanwhile."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from django.db.models import F

from audit.models import AuditEntry
from scores.counting.definitions import make_board
from scores.counting.filling import Calendar, Progress
from scores.errors import CorrectionRefused, InvalidBody, UnknownBoard
from scores.integrity.standings_rebuild import check_rebuildable, rebuild_standings, set_standings
from scores.models import Board, Period, Score, Standing
from tests.support.board_history import BEGIN, make_board_history
from tests.support.tampering import run_verify, tampering


@pytest.fixture
def players(turn_clock: Callable[[datetime], None]) -> list[Score]:
    return make_board_history()


def rebuild(players: list[UUID], boards: list[str] | None = None, progress: Progress = lambda _: None) -> int:
    return rebuild_standings(players, boards=boards, progress=progress, reason="seen in the recording", actor="system")


def read() -> list[tuple[object, ...]]:
    columns = ("player_id", "period_id", "points", "reached_at", "seq", "hidden")
    return sorted(Standing.objects.values_list(*columns))


def test_what_stands_otherwise_is_put_right_and_said(players: list[Score]) -> None:
    before = read()
    ada, ben, cleo, dot = (player.pk for player in players)
    main = Standing.objects.filter(period=0)
    main.filter(player=ada).update(points=F("points") + 1)
    Standing.objects.filter(player=ben).exclude(period__board__slug="off").delete()
    Standing.objects.filter(player=cleo).update(hidden=False)
    Standing.objects.create(player_id=dot, period_id=0, points=5, reached_at=BEGIN, seq=1)
    nobody = UUID(int=9)
    Standing.objects.create(player_id=nobody, period_id=0, points=5, reached_at=BEGIN, seq=1)
    Standing.objects.create(player_id=ada, period_id=10_000, points=5, reached_at=BEGIN, seq=1)
    told: list[int] = []
    assert rebuild([ada, ben, cleo, dot, nobody], progress=told.append) == 5
    assert (read(), sum(told)) == (before, 5)
    entry = AuditEntry.objects.latest("pk")
    assert entry.context is not None
    assert (entry.kind, entry.action, entry.context["reason"]) == (
        "config",
        "rebuild:standings",
        "seen in the recording",
    )
    assert set(entry.context["players"].split()) == {str(player) for player in (ada, ben, cleo, dot, nobody)}
    assert run_verify() == []


def test_what_is_right_is_left_alone_and_no_entry_is_made(players: list[Score]) -> None:
    before, entries = read(), AuditEntry.objects.count()
    assert rebuild([player.pk for player in players]) == 4
    assert (read(), AuditEntry.objects.count()) == (before, entries)


def test_one_board_alone(players: list[Score]) -> None:
    ada = players[0].pk
    Standing.objects.filter(player=ada).exclude(period__board__slug="off").update(points=7)
    assert rebuild([ada], boards=["days"]) == 1
    left = Standing.objects.filter(player=ada, points=7).exclude(period__board__slug="off")
    assert set(left.values_list("period__board__slug", flat=True)) == {"main", "weeks", "best", "cup"}
    assert AuditEntry.objects.latest("pk").context["boards"] == "days"  # type: ignore[index]
    assert rebuild([ada], boards=["main"]) == 1
    assert not left.filter(period=0).exists()


def test_a_chain_that_does_not_hold_proves_nothing(players: list[Score]) -> None:
    ada, ben, *_ = players
    with tampering():
        AuditEntry.objects.filter(player=ada.pk, seq=2).update(delta=F("delta") + 1)
        Standing.objects.filter(player__in=[ada.pk, ben.pk], period=0).update(points=7)
        assert rebuild([ada.pk, ben.pk]) == 1
        points = dict(Standing.objects.filter(period=0).values_list("player", "points"))
        assert (points[ada.pk], points[ben.pk]) == (7, ben.points)


def test_a_score_that_is_not_yet_right_hides_nobody(players: list[Score]) -> None:
    ada = players[0]
    before = read()
    Score.objects.filter(pk=ada.pk).update(frozen=True)
    assert rebuild([ada.pk]) == 0
    assert read() == before


def test_who_has_entries_and_no_score_keeps_the_standings(players: list[Score]) -> None:
    """The score is what is missing."""
    ada = players[0]
    before = read()
    with tampering():
        Score.objects.filter(pk=ada.pk).delete()
        assert rebuild([ada.pk]) == 0
        assert read() == before


def test_it_needs_a_reason(players: list[Score]) -> None:
    before = read()
    with pytest.raises(CorrectionRefused):
        rebuild_standings([players[0].pk], reason=" ", actor="system")
    assert read() == before


def test_players_who_wait_for_a_rebuild_are_few_at_a_time(
    players: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scores.integrity.standings_rebuild.CHUNK_PLAYERS", 2)
    Standing.objects.filter(period=0).delete()
    assert rebuild([player.pk for player in players]) == 4
    assert AuditEntry.objects.filter(action="rebuild:standings").count() == 2
    assert run_verify() == []


def test_only_boards_that_the_log_speaks_of_are_rebuilt(players: list[Score]) -> None:
    make_board(slug="past", label="Past", counts="*", rule="sum", span="all", from_log=True, actor="system")
    for slug in ("main", "days"):
        check_rebuildable(slug)
    for slug in ("off", "past"):
        with pytest.raises(InvalidBody, match="does not say where anybody stands"):
            check_rebuildable(slug)
    for slug in ("none", "\0"):
        with pytest.raises(UnknownBoard):
            check_rebuildable(slug)


def test_nobody_is_moved_on_a_board_that_was_changed(players: list[Score]) -> None:
    before = read()
    with tampering():
        Board.objects.filter(slug="weeks").update(rule="sum")
        assert set_standings([player.pk for player in players], Calendar()) == 0
        assert read() == before
    assert Period.objects.filter(board__slug="weeks").exists()
