"""Where players stand: what is untouched has no finding, and each standing that is changed, missing or made up has one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from scores.counting.definitions import make_board
from scores.integrity.standings_check import ByPlayer
from scores.models import Board, Period, Score, Standing
from tests.support.board_history import BEGIN, make_board_history
from tests.support.tampering import run_verify, tampering


@pytest.fixture
def players(turn_clock: Callable[[datetime], None]) -> list[Score]:
    return make_board_history()


def find(*words: object) -> list[tuple[str, str]]:
    """The findings, but for those about counts of ranks, as (rule, player)."""
    return [(finding["rule"], finding["player"]) for finding in run_verify(*words) if finding["rule"] != "ranks"]


@pytest.mark.parametrize("name", ["points", "reached_at", "seq", "hidden", "player", "period"])
def test_every_column_that_is_changed_is_a_finding(players: list[Score], name: str) -> None:
    assert find() == []
    dot = players[3]
    for row in Standing.objects.exclude(period__board__slug="off"):
        change: dict[str, Any] = {
            "points": row.points + 1,
            "reached_at": row.reached_at + timedelta(microseconds=1),
            "seq": row.seq + 1,
            "hidden": not row.hidden,
            "player": dot.pk,
            "period": row.period_id + 10_000,
        }
        with tampering():
            Standing.objects.filter(pk=row.pk).update(**{name: change[name]})
            player = str(row.player_id)
            assert find() == {
                "player": sorted([("standing", player), ("standing", str(dot.pk))], key=lambda found: found[1]),
                "period": [("standing", player), ("standing.period", player)],
            }.get(name, [(f"standing.{name}", player)]), row


def test_it_says_what_stands_and_what_the_log_says(players: list[Score]) -> None:
    ada = players[0]
    with tampering():
        row = Standing.objects.get(player=ada.pk, period=0)
        Standing.objects.filter(pk=row.pk).update(points=7)
        [finding] = [finding for finding in run_verify() if finding["rule"] != "ranks"]
    assert (finding["detail"], finding["seq"]) == (
        f"board 'main', period 'all': the standing says 7, the log says {row.points}",
        row.seq,
    )


def test_a_standing_that_is_missing_is_a_finding(players: list[Score]) -> None:
    for row in Standing.objects.exclude(period__board__slug="off"):
        with tampering():
            Standing.objects.filter(pk=row.pk).delete()
            assert find() == [("standing", str(row.player_id))]


@pytest.mark.parametrize("who", ["a player without entries", "nobody", "nobody, who would come last"])
@pytest.mark.parametrize("where", ["main", "days"])
def test_a_standing_that_no_entry_explains_is_a_finding(players: list[Score], who: str, where: str) -> None:
    player = {"nobody": UUID(int=1), "nobody, who would come last": UUID(int=2**128 - 1)}.get(who, players[3].pk)
    period = Period.objects.filter(board__slug=where).earliest("pk")
    with tampering():
        Standing.objects.create(player_id=player, period=period, points=1000, reached_at=BEGIN, seq=1)
        assert find() == [("standing", str(player))]
        assert find("--player", player) == [("standing", str(player))]


def test_one_player_can_be_verified_alone(players: list[Score]) -> None:
    ada, ben, *_ = players
    with tampering():
        Standing.objects.filter(player=ada.pk, period=0).update(points=7)
        assert find("--player", ben.pk) == []
        assert find("--player", ada.pk) == [("standing.points", str(ada.pk))]


def test_on_a_board_that_is_off_the_frozen_are_hidden_and_nobody_else(players: list[Score]) -> None:
    ada, _, cleo, _ = players
    off = Standing.objects.filter(period__board__slug="off")
    with tampering():
        off.filter(player=ada.pk).update(points=7, seq=5)
        assert find() == []
        off.filter(player__in=[ada.pk, cleo.pk]).delete()
        assert find() == []
    for player in (ada, cleo):
        with tampering():
            row = off.get(player=player.pk)
            off.filter(player=player.pk).update(hidden=not row.hidden)
            assert find() == [("standing.hidden", str(player.pk))]


def test_on_a_board_that_was_changed_nobody_is_accused(players: list[Score]) -> None:
    """The board is what does not hold."""
    with tampering():
        Board.objects.filter(slug="weeks").update(rule="sum")
        assert find() == [("board", "")]


def test_while_a_board_is_filled_where_players_stand_is_left_open(players: list[Score]) -> None:
    make_board(slug="past", label="Past", counts="*", rule="sum", span="all", from_log=True, actor="system")
    assert find() == [("board", "")]


def test_rows_are_taken_player_by_player() -> None:
    rows = [Standing(player_id=UUID(int=number), points=points) for number, points in ((1, 1), (1, 2), (3, 3), (4, 4))]

    class Row:
        def __init__(self, row: Standing) -> None:
            self.player, self.points = row.player_id, row.points

    by_player = ByPlayer(map(Row, rows))
    assert [row.points for row in by_player.take_before(UUID(int=1))] == []
    assert [row.points for row in by_player.take(UUID(int=1))] == [1, 2]
    assert [row.points for row in by_player.take(UUID(int=2))] == []
    assert [row.points for row in by_player.take_before(UUID(int=4))] == [3]
    assert [row.points for row in by_player.take_before(None)] == [4]
    assert list(by_player.take(UUID(int=9))) == []
