"""Standings go along with each entry that is written under a lock: where it counts, and in periods that ended too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores.chain import append_entry
from scores.counting.definitions import make_board
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import Score, Standing
from tests.support.acting import make_player

pytestmark = pytest.mark.django_db
TurnClock = Callable[[datetime], None]
MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _boards(db: None, turn_clock: TurnClock) -> None:
    turn_clock(MONDAY)
    for rule in ("sum", "best", "latest", "count"):
        make_board(slug=rule, label=rule, counts="lap,quiz", rule=rule, span="week", actor="system")
    make_board(slug="fast", label="Fast", counts="lap", rule="best", ascending=True, span="week", actor="system")


def play(player: Score, delta: int, action: str = "lap") -> AuditEntry:
    draft = EntryDraft(kind="award", delta=delta, action=action, actor=str(player.pk), context={})
    return append_entry(player, draft)


def read(player: Score, week: str = "2026-W47") -> dict[str, tuple[int, int]]:
    rows = Standing.objects.filter(player=player.pk, period__name=week)
    return {slug: (points, seq) for slug, points, seq in rows.values_list("period__board__slug", "points", "seq")}


def test_each_rule_moves_its_standing(player: Score) -> None:
    for delta in (5, 9, 9, 7):
        play(player, delta)
    play(player, 100, "other")
    assert read(player) == {"sum": (30, 4), "best": (9, 2), "latest": (7, 4), "count": (4, 4), "fast": (-5, 1)}


def test_a_void_in_an_ended_week_counts_in_that_week(player: Score, turn_clock: TurnClock) -> None:
    for delta in (5, 9, 7):
        play(player, delta)
    turn_clock(MONDAY + timedelta(days=9))
    play(player, 1)
    corrections.void(player=player.pk, seq=2, reason="cheated", actor="system")
    assert read(player) == {"sum": (12, 5), "best": (7, 3), "latest": (7, 3), "count": (2, 5), "fast": (-5, 1)}
    assert read(player, "2026-W48") == {
        "sum": (1, 4),
        "best": (1, 4),
        "latest": (1, 4),
        "count": (1, 4),
        "fast": (-1, 4),
    }
    corrections.restore(player=player.pk, seq=2, reason="did not", actor="system")
    assert read(player) == {"sum": (21, 6), "best": (9, 2), "latest": (7, 3), "count": (3, 6), "fast": (-5, 1)}


def test_a_restore_in_an_ended_week_brings_the_best_and_the_latest_back_exactly(
    player: Score, turn_clock: TurnClock
) -> None:
    derived = Standing.objects.filter(period__board__slug__in=["best", "latest", "fast"]).order_by("period")
    for minutes, delta in enumerate((5, 9, 9, 3)):
        turn_clock(MONDAY + timedelta(minutes=minutes))
        play(player, delta)
    before = list(derived.values())
    for seq in (2, 4):
        turn_clock(MONDAY + timedelta(days=9, minutes=seq))
        corrections.void(player=player.pk, seq=seq, reason="cheated", actor="system")
    assert read(player)["best"] == (9, 3)
    assert read(player)["latest"] == (9, 3)
    assert read(player)["fast"] == (-5, 1)
    for seq in (2, 4):
        turn_clock(MONDAY + timedelta(days=20, minutes=seq))
        corrections.restore(player=player.pk, seq=seq, reason="did not", actor="system")
    assert list(derived.values()) == before
    assert [row["seq"] for row in before] == [2, 4, 4]


def test_where_nothing_is_left_a_player_is_off_the_board(player: Score) -> None:
    play(player, 5)
    corrections.void(player=player.pk, seq=1, reason="cheated", actor="system")
    assert read(player) == {"sum": (0, 2), "count": (0, 2)}
    corrections.restore(player=player.pk, seq=1, reason="did not", actor="system")
    assert read(player) == {"sum": (5, 3), "best": (5, 1), "latest": (5, 1), "count": (1, 3), "fast": (-5, 1)}


def test_who_is_frozen_is_hidden_in_ended_weeks_too(player: Score, turn_clock: TurnClock) -> None:
    play(player, 5)
    turn_clock(MONDAY + timedelta(days=9))
    play(player, 5)
    corrections.freeze(player=player.pk, reason="looked into", actor="system")
    assert set(Standing.objects.filter(player=player.pk).values_list("hidden", flat=True)) == {True}
    assert Standing.objects.count() == 11
    corrections.void(player=player.pk, seq=1, reason="cheated", actor="system")
    assert set(Standing.objects.filter(player=player.pk).values_list("hidden", flat=True)) == {True}
    corrections.unfreeze(player=player.pk, reason="is clean", actor="system")
    assert set(Standing.objects.filter(player=player.pk).values_list("hidden", flat=True)) == {False}


def test_an_adjustment_without_an_action_counts_only_where_all_does(player: Score) -> None:
    make_board(slug="all", label="All", counts="*", rule="sum", span="week", actor="system")
    corrections.adjust(player=player.pk, delta=50, reason="lost in an outage", actor="system")
    assert read(player) == {"all": (50, 1)}
    corrections.adjust(player=player.pk, delta=-20, reason="too many", actor="system")
    assert read(player) == {"all": (30, 2)}


def test_a_name_moves_nothing(player: Score) -> None:
    play(player, 5)
    before = list(Standing.objects.order_by("period").values())
    corrections.rename(player=player.pk, name="Ada L", reason="asked for it", actor="system")
    assert list(Standing.objects.order_by("period").values()) == before


def test_a_clock_that_was_set_back_finds_the_periods_of_then(player: Score, turn_clock: TurnClock) -> None:
    play(player, 5)
    turn_clock(MONDAY + timedelta(days=30))
    play(make_player("Ben"), 5)  # who reads the plans, without periods that are long over
    turn_clock(MONDAY + timedelta(days=1))
    play(make_player("Cleo"), 7)
    assert Standing.objects.filter(period__name="2026-W47", period__board__slug="sum").count() == 2


@pytest.mark.parametrize("chosen", [[1], [2, 3, 6], [1, 2, 3, 4, 5, 6, 7], [7, 1]])
@pytest.mark.parametrize("spent", [0, 40])
def test_entries_reversed_in_one_go_come_to_what_they_come_to_one_by_one(
    turn_clock: TurnClock, chosen: list[int], spent: int
) -> None:
    twins = [make_player("Castor"), make_player("Pollux")]
    for start, deltas in ((MONDAY, (5, 9, 7)), (MONDAY + timedelta(days=9), (9, 2, 30, 1))):
        turn_clock(start)
        for delta in deltas:
            for twin in twins:
                play(Score.objects.get(pk=twin.pk), delta, "quiz" if delta == 2 else "lap")
    for twin in twins:
        if spent:
            corrections.adjust(player=twin.pk, delta=-spent, reason="spent", actor="system")
    castor, pollux = (twin.pk for twin in twins)
    for one, many in ((corrections.void, corrections.void_all), (corrections.restore, corrections.restore_all)):
        singles = [one(player=castor, seq=seq, reason="seen", actor="system") for seq in chosen]
        batch = many(player=pollux, seqs=chosen, reason="seen", actor="system")
        shown = [[(e.seq, e.kind, e.delta, e.balance, e.action, e.at_us) for e in each] for each in (singles, batch)]
        assert shown[0] == shown[1]
        assert [corrections.read_left_out(entry) for entry in batch] == list(map(corrections.read_left_out, singles))
        standings = [
            list(
                Standing.objects.filter(player=player)
                .order_by("period")
                .values_list("period", "points", "reached_at", "seq", "hidden")
            )
            for player in (castor, pollux)
        ]
        assert standings[0] == standings[1]
        assert [list(verify(player=player)) for player in (castor, pollux)] == [[], []]


def test_reversing_many_asks_no_more_than_reversing_few(player: Score) -> None:
    for number in range(42):
        play(player, number + 1)
    counts = []
    for chosen in ([1, 2], list(range(3, 42))):
        with CaptureQueriesContext(connection) as queries:
            corrections.void_all(player=player.pk, seqs=chosen, reason="seen", actor="system")
        counts.append(len(queries))
    assert counts[0] == counts[1]
