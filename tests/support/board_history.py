"""Boards of several kinds with players on them, over some weeks: with voids, a freeze, a season that ended, one board that is off."""

from datetime import UTC, datetime, timedelta

from audit.ledger import EntryDraft
from audit.times import to_us
from scores.chain import append_entry
from scores.counting.definitions import change_board, make_board, make_season
from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player
from tests.support.clock import turn_clock
from tests.support.tampering import WHY

BEGIN = datetime(2026, 10, 24, 12, tzinfo=UTC)  # a Saturday; Europe's clocks go back that night


def make_board_history() -> list[Score]:
    """Ada, Ben and Cleo, who is frozen; Dot never played. The clock stands at the end of it, for whoever turns it back."""
    turn_clock(BEGIN)
    make_board(slug="days", label="Days", counts="*", rule="sum", span="day", zone="Europe/Berlin", actor="system")
    make_board(
        slug="weeks", label="Weeks", counts="lap*", rule="count", span="week", zone="Asia/Kolkata", actor="system"
    )
    make_board(slug="best", label="Best", counts="lap", rule="best", ascending=True, span="month", actor="system")
    make_board(slug="cup", label="Cup", counts="lap,quiz", rule="latest", span="season", actor="system")
    make_board(slug="off", label="Off", counts="*", rule="sum", span="all", actor="system")
    start = to_us(BEGIN)
    make_season(board="cup", name="autumn", starts_us=start + 1, ends_us=start + 8 * 86_400_000_000, actor="system")
    make_season(board="cup", name="winter", starts_us=start + 20 * 86_400_000_000, ends_us=None, actor="system")
    players = [make_player(name) for name in ("Ada", "Ben", "Cleo", "Dot")]
    for day in (0, 1, 2, 10, 40):
        turn_clock(BEGIN + timedelta(days=day, hours=day % 12))
        for number, player in enumerate(players[:3]):
            play(player, 10 + number + day % 3, "lap")
            play(player, 5, "quiz")
        if day == 1:
            change_board(slug="off", enabled=False, actor="system")
    ada, ben, cleo, _ = players
    corrections.void(player=ada.pk, seq=1, **WHY)
    corrections.void(player=ben.pk, seq=3, **WHY)
    corrections.restore(player=ben.pk, seq=3, **WHY)
    corrections.adjust(player=ben.pk, delta=-4, **WHY)
    corrections.freeze(player=cleo.pk, **WHY)
    for player in players:
        player.refresh_from_db()
    return players


def play(player: Score, delta: int, action: str) -> None:
    player.refresh_from_db()
    draft = EntryDraft(kind="award", delta=delta, action=action, actor=str(player.pk), context={"request": "none"})
    append_entry(player, draft)
