"""Awards in two round trips: the same rules as under the lock, and nothing lost when another writer comes between."""

import tempfile
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from audit.models import AuditEntry
from scores.awards import compare_and_swap, service
from scores.awards.placement import place
from scores.awards.rules import Award, PlannedChain, SelfReport
from scores.counting import plans
from scores.counting.definitions import make_board
from scores.errors import (
    Unavailable,
    UnknownAction,
)
from scores.investigation import corrections
from scores.models import Score, Standing
from tests.support.awards import attempt_of, entries_of, report, together
from tests.support.chains import check_chain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def count_round_trips(act: Callable[[], Any]) -> int:
    """How often the client waited for the server: the Sync messages that libpq traced."""
    server: psycopg.Connection[Any] = connection.connection
    with tempfile.TemporaryFile() as trace:
        server.pgconn.trace(trace.fileno())
        act()
        server.pgconn.untrace()
        trace.seek(0)
        return sum(line.split()[2:4] == [b"F", b"4"] and b"Sync" in line for line in trace)


def test_an_award_takes_two_round_trips(ada: Score) -> None:
    report(ada, "prepares the statements")
    assert count_round_trips(lambda: report(ada, "second")) == 2
    check_chain(ada)


def test_every_column_that_is_read_has_a_name(transactional_db: None) -> None:
    """By which pgbench keeps it for the second statement (benchmarks/floor.py)."""
    with connection.cursor() as cursor:
        cursor.execute(compare_and_swap.READ, [[], [], []])
        assert [column.name for column in cursor.description if not column.name.isidentifier()] == []


def test_a_replay_takes_one(ada: Score) -> None:
    first = report(ada)
    again: list[Award] = []
    assert count_round_trips(lambda: again.append(report(ada))) == 1
    assert (again[0].replayed, again[0].entry.mac, again[0].entry.seq) == (True, first.entry.mac, 1)


def test_a_connection_that_died_while_kept_is_replaced_without_a_word(
    ada: Score, caplog: pytest.LogCaptureFixture
) -> None:
    report(ada)
    backend = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert report(ada, "after the restart").entry.seq == 2
    assert connection.connection.info.backend_pid != backend
    assert [record.name for record in caplog.records if record.name.startswith("psycopg")] == []
    check_chain(ada)


def test_an_entry_that_no_score_knows_of_holds_the_player(ada: Score) -> None:
    report(ada)
    forged = AuditEntry.objects.get(player=ada.pk)
    forged.pk, forged.seq, forged.ref = None, 2, None
    forged.save(force_insert=True)
    with pytest.raises(Unavailable):
        report(ada, "second")
    ada.refresh_from_db()
    assert (ada.seq, ada.points, AuditEntry.objects.filter(player=ada.pk).count()) == (1, 10, 2)


def test_many_awards_take_two_round_trips(players: list[Score]) -> None:
    together((players[0], "prepares the statements"))
    awards: list[Any] = []
    assert count_round_trips(lambda: awards.extend(together(*((player, "key") for player in players * 4)))) == 2
    assert [award.replayed for award in awards] == [False] * 3 + [True] * 9
    assert [award.entry.player for award in awards] == [player.pk for player in players * 4]
    assert [entries_of(player) for player in players] == [[(1, 10), (2, 20)], [(1, 10)], [(1, 10)]]
    for player in players:
        check_chain(player)


@pytest.mark.parametrize(
    "change",
    [
        lambda player: service.award(attempt_of(player, SelfReport("daily-quiz", "in between"))),
        lambda player: corrections.freeze(player=player.pk, reason="test", actor="system"),
        lambda player: corrections.erase_player(player=player.pk, reason="test", actor="system"),
    ],
)
def test_what_came_between_read_and_write_wins(change: Callable[[Score], object], players: list[Score]) -> None:
    """Read by one, changed by another, written by the first: only the score that was not touched moves."""
    attempts = [attempt_of(player, SelfReport("daily-quiz", "key")) for player in players]
    found = compare_and_swap.read_facts(
        [compare_and_swap.FactsQuery(each.caller.player, each.ref, each.slug) for each in attempts]
    )
    sealed = [service._decide(attempt, each, PlannedChain()) for attempt, each in zip(attempts, found, strict=True)]
    change(players[1])
    before = entries_of(players[1])
    placement = place([award.entry for award in sealed], plans.read_version())
    written = compare_and_swap.write_entries([(award.name, [award.entry]) for award in sealed], placement, {})
    assert written == {players[0].pk, players[2].pk}
    assert entries_of(players[1]) == before
    for player in players:
        if entries_of(player):
            check_chain(player)


def test_a_board_made_between_read_and_write_is_not_passed_by(players: list[Score]) -> None:
    """What was placed by definitions of before is not written; the next try counts on the new board too."""
    attempt = attempt_of(players[0], SelfReport("daily-quiz", "key"))
    [found] = compare_and_swap.read_facts(
        [compare_and_swap.FactsQuery(attempt.caller.player, attempt.ref, attempt.slug)]
    )
    award = service._decide(attempt, found, PlannedChain())
    assert found is not None
    placement = place([award.entry], found.boards_version)
    make_board(slug="today", label="Today", counts="*", rule="sum", span="day", actor="system")
    assert compare_and_swap.write_entries([(award.name, [award.entry])], placement, {}) == set()
    assert (entries_of(players[0]), list(Standing.objects.all())) == ([], [])
    service.award(attempt)
    standings = Standing.objects.order_by("period").values_list("period__board__slug", "points", "seq", "hidden")
    assert list(standings) == [("main", 10, 1, False), ("today", 10, 1, False)]


def test_who_changes_boards_waits_for_who_writes_standings_and_nobody_else(players: list[Score]) -> None:
    plans.read_plans()  # what is built in is there again
    with transaction.atomic():
        plans.hold_plans()
        with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
            for lock, is_free in (("pg_try_advisory_xact_lock_shared", True), ("pg_try_advisory_xact_lock", False)):
                assert other.execute(f"SELECT {lock}({plans.BOARDS_LOCK})").fetchone() == (is_free,)


def test_several_awards_of_a_player_move_each_standing_once(players: list[Score]) -> None:
    for rule in ("sum", "best", "latest", "count"):
        make_board(slug=rule, label=rule, counts="daily-*", rule=rule, span="week", actor="system")
    outcomes = together((players[0], "a"), (players[0], "b"), (players[1], "a"), (players[0], "c"))
    assert [outcome.entry.seq for outcome in outcomes if isinstance(outcome, Award)] == [1, 2, 1, 3]
    ada = Standing.objects.filter(player=players[0].pk).values_list("period__board__slug", "points", "seq")
    assert set(ada) == {("main", 30, 3), ("sum", 30, 3), ("best", 10, 1), ("latest", 10, 3), ("count", 3, 3)}


def count_scans() -> dict[str, int]:
    """How often each table that an award reads was read as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(%s)", [READ_TABLES])
        return dict(cursor.fetchall())


READ_TABLES = ["audit_auditentry", "auth_user", "scores_action", "scores_score"]


def test_the_statements_are_planned_by_index_whatever_the_tables_look_like(ada: Score) -> None:
    """With a handful of rows a scan would be cheaper, and the plan is kept while the log grows."""
    report(ada)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    before = count_scans()
    for number in range(8):
        report(ada, f"after the tables were looked at, {number}")
    assert count_scans() == before
    assert set(before) == set(READ_TABLES)


def test_how_awards_are_planned_is_left_to_nothing_else_on_the_connection(ada: Score) -> None:
    report(ada)
    with pytest.raises(UnknownAction):
        report(ada, "refused", "none")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE source = 'session'")
        assert not set(dict(cursor.fetchall())) & set(compare_and_swap.PLANNING)


def test_the_sweep_that_an_award_sets_off_is_planned_as_usual(ada: Score) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE seen (setting text);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO seen SELECT name || ' ' || setting FROM pg_settings
                WHERE name = 'plan_cache_mode' OR name LIKE 'enable\\_%';
                RETURN NULL;
            END $$;
            CREATE TRIGGER see AFTER INSERT ON scores_rankrange EXECUTE FUNCTION see();
            DELETE FROM scores_rankrange;
            SELECT setval(pg_get_serial_sequence('scores_rankchange', 'id'), 999);
        """)
        try:
            report(ada)
            cursor.execute("SELECT DISTINCT setting FROM seen")
            seen = {setting for (setting,) in cursor.fetchall()}
        finally:
            cursor.execute("DROP TRIGGER see ON scores_rankrange; DROP FUNCTION see(); DROP TABLE seen")
    assert {"plan_cache_mode auto", "enable_seqscan on", "enable_hashjoin on", "enable_mergejoin on"} <= seen
